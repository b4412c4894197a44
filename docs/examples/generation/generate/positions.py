import torch

lengths = torch.tensor([5, 2, 3])
pads = (lengths.max() - lengths).unsqueeze(1)  # (B, 1)
columns = torch.arange(8)
print(columns - pads)  # (B, T)
