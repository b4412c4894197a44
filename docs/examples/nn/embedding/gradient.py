import torch
from torch.nn import functional as F

tokens = torch.tensor([3, 0, 3])
gradients = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
for name, lookup in {
    "lookup": lambda weight: F.embedding(tokens, weight),
    "one-hot": lambda weight: F.one_hot(tokens, 5).float() @ weight,
}.items():
    weight = torch.randn(5, 2).requires_grad_()
    lookup(weight).backward(gradients)
    print(f"{name:8}", weight.grad.tolist())
