import torch
from torch import nn

from llm_book.training.adamw import AdamW

torch.manual_seed(0)
noise = torch.randn(1000, 2)
noise = (noise - noise.mean(0)) * torch.tensor([10.0, 0.01])  # pulls nowhere


def train(decoupled):
    weights = nn.Parameter(torch.ones(2))
    decay = 1.0 if decoupled else 0.0
    optimizer = AdamW([weights], lr=0.001, weight_decay=decay)
    for pull in noise:
        weights.grad = pull if decoupled else pull + 1.0 * weights.detach()
        optimizer.step()
    return [round(weight, 1) for weight in weights.tolist()]


print("weights with gradients of size    10   0.01")
print("decay added to the gradient     ", *train(decoupled=False), sep="   ")
print("decay apart from it             ", *train(decoupled=True), sep="   ")
