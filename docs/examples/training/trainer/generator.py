import warnings

import torch
from torch import nn

warnings.simplefilter("ignore")  # PyTorch warns here; in a long log nobody reads it
torch.manual_seed(0)
model = nn.Linear(4, 4)
parameters = model.parameters()  # so that we need not ask for them at every step

for step in range(3):
    model.zero_grad()
    model(torch.ones(4)).pow(2).sum().mul(100).backward()
    reported = nn.utils.clip_grad_norm_(parameters, 1.0)
    true_norm = torch.cat([p.grad.flatten() for p in model.parameters()]).norm()
    print(f"step {step}: {reported:3.0f} reported, {true_norm:3.0f} after clipping")
