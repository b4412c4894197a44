import torch
from torch.nn.functional import cross_entropy

weight = torch.zeros(1, requires_grad=True)  # how much more likely token 0 is than token 1
batches = [torch.tensor([0, 0, 0]), torch.tensor([1])]  # targets; padding is left out


def loss(targets):
    logits = torch.cat((weight, torch.zeros(1))).expand(len(targets), 2)
    return cross_entropy(logits, targets)


for targets in batches:
    (loss(targets) / len(batches)).backward()
print(f"mean of two means: {weight.grad.item():+.2f}")

weight.grad = None
n_targets = sum(map(len, batches))
for targets in batches:
    (loss(targets) * len(targets) / n_targets).backward()
print(f"mean of all:       {weight.grad.item():+.2f}")
