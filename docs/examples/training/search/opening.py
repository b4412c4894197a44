import torch
from torch.nn.functional import cross_entropy

generator = torch.Generator().manual_seed(0)
table = torch.randn(20, 20, generator=generator).mul(2).softmax(-1)


def train(learning_rate):
    """Learn from 40 small batches which of 20 tokens follows which."""
    generator = torch.Generator().manual_seed(1)
    weight = torch.zeros(20, 20, requires_grad=True)
    for _ in range(40):
        tokens = torch.randint(20, (64,), generator=generator)
        following = torch.multinomial(table[tokens], 1, generator=generator)
        loss = cross_entropy(weight[tokens], following[:, 0])
        (gradient,) = torch.autograd.grad(loss, weight)
        weight = (weight - learning_rate * gradient).detach().requires_grad_()
    return -(table * weight.log_softmax(-1)).sum(-1).mean().item()


for rate in (0.01, 0.1, 1, 10, 100):
    print(f"learning rate {rate:6}: loss {train(rate):.1f}")
