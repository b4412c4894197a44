import torch

from llm_book.training.loss import next_token_loss
from llm_book.training.speed import linear_cross_entropy

hidden = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]], requires_grad=True)  # two tokens
weight = torch.tensor([[2.0, 0.0], [1.0, 0.0], [0.0, 1.0]], requires_grad=True)  # V = 3
targets = torch.tensor([[0, 2]])

logits = hidden @ weight.T
shares = logits.softmax(-1)
one_hot = torch.eye(3)[targets]
by_hand = ((shares - one_hot) / 2 @ weight).detach()  # the mean over two targets
print("softmax minus one-hot, halved:")
print(((shares - one_hot) / 2).detach())

for name, loss in (
    ("autograd", next_token_loss(logits, targets)),
    ("fused", linear_cross_entropy(hidden, weight, targets, n_rows=1)),
):
    [gradient] = torch.autograd.grad(loss, hidden)
    agrees = torch.allclose(gradient, by_hand, atol=1e-6)
    print(f"{name}: loss {loss.item():.4f}, gradient as by hand: {agrees}")
