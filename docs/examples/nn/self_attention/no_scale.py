import torch

torch.manual_seed(0)
query, keys = torch.randn(256), torch.randn(4, 256)
raw = keys @ query
for name, scores in (("no scale", raw), ("scaled", raw / 256**0.5)):
    nudged = scores + torch.tensor([0.1, 0, 0, 0])
    change = nudged.softmax(-1) - scores.softmax(-1)
    print(f"{name}: weights", [round(share, 4) for share in scores.softmax(-1).tolist()])
    print("    one score + 0.1 changes them by", [round(c, 4) for c in change.tolist()])
