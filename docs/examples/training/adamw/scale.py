import torch
from torch import nn

from llm_book.training.adamw import AdamW

for scale in (1, 1000):
    for kind in (torch.optim.SGD, AdamW):
        weights = nn.Parameter(torch.tensor([1.0, 1.0]))
        optimizer = kind([weights], lr=0.01, weight_decay=0.0)
        for _ in range(50):
            loss = scale * (100 * weights[0] ** 2 + weights[1] ** 2) / 2
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        found = [f"{weight:.3g}" for weight in weights.tolist()]
        print(f"loss times {scale:4}, {kind.__name__:5}", *found)
