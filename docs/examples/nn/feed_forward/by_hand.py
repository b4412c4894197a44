import torch

from llm_book.nn.feed_forward import FeedForward, gelu

numbers = torch.tensor([-3.0, -1.0, 0.0, 1.0, 3.0])
print(gelu(numbers.double()).numpy().round(4))
print(torch.nn.functional.gelu(numbers.double()).numpy().round(4))

layer = FeedForward(1, 2, bias=False)
with torch.no_grad():
    layer.up_proj.weight.copy_(torch.tensor([[1.0], [-1.0]]))
    layer.down_proj.weight.copy_(torch.tensor([[1.0, 1.0]]))
    print(layer(numbers[:, None]).flatten().numpy().round(4))
