import torch
from torch.nn import functional as F

torch.manual_seed(0)
weights = torch.tensor([0.10, 0.40, 0.10, 0.05, 0.35])
for _ in range(3):
    kept = F.dropout(weights, 0.2)
    print([round(share, 3) for share in kept.tolist()], "sum", round(kept.sum().item(), 2))

total = sum(F.dropout(weights, 0.2) for _ in range(10_000))
print([round(share, 2) for share in (total / 10_000).tolist()], "on average")
