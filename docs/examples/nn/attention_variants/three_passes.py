import torch

torch.manual_seed(0)
scores, values = torch.randn(6) * 100, torch.randn(6)

print((scores.exp() * values).sum() / scores.exp().sum())

m = max(scores)  # first pass
total = sum((s - m).exp() for s in scores)  # second pass
pairs = zip(scores, values, strict=True)
mixed = sum((s - m).exp() * v for s, v in pairs)  # third pass
print(mixed / total, scores.softmax(-1) @ values)
