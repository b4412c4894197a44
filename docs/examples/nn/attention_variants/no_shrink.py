import torch


def without_shrinking(scores, values):
    m, total, mixed = -torch.inf, 0, 0
    for s, v in zip(scores.split(2), values.split(2), strict=True):
        m = max(m, s.max())
        total = total + (s - m).exp().sum()
        mixed = mixed + (s - m).exp() @ v
    return round((mixed / total).item(), 4)


scores = torch.tensor([1.0, 3.0, 2.0, 2.0, 12.0, 4.0]).log()
values = torch.tensor([6.0, 2.0, 4.0, 2.0, 4.0, 6.0])
print(without_shrinking(scores, values))
print(without_shrinking(scores.flip(0), values.flip(0)))
