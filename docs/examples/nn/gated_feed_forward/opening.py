import torch

from llm_book.nn.feed_forward import FeedForward

torch.manual_seed(0)
x = torch.tensor([20.0, 30.0])
print(f"the product grows {(10 * x).prod() / x.prod():.0f} times")
for hidden_dim in (4, 64, 4096):
    network = FeedForward(2, hidden_dim, bias=False)
    growth = network(10 * x).norm() / network(x).norm()
    print(f"{hidden_dim:4} hidden numbers: the result grows {growth:.0f} times")
