import torch
from torch import nn

from llm_book.training.adamw import AdamW

for dtype in (torch.float32, torch.bfloat16):
    weights = nn.Parameter(torch.tensor([1.0, 0.01], dtype=dtype))
    optimizer = AdamW([weights], lr=0.001, weight_decay=0)
    for _ in range(500):
        weights.grad = torch.ones_like(weights)  # always downwards
        optimizer.step()
    print(dtype, [round(weight, 2) for weight in weights.tolist()])
