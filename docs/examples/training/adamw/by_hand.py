import torch
from torch import nn

from llm_book.training.adamw import AdamW

lr, beta1, beta2, decay = 0.1, 0.5, 0.75, 0.5
weight, mean, square = 1.0, 0.0, 0.0
for step, gradient in enumerate((2.0, 1.0), start=1):
    mean = beta1 * mean + (1 - beta1) * gradient
    square = beta2 * square + (1 - beta2) * gradient**2
    true_mean = mean / (1 - beta1**step)
    true_square = square / (1 - beta2**step)
    weight -= lr * decay * weight
    weight -= lr * true_mean / true_square**0.5
    print(f"step {step}: mean {mean:.4f}, corrected {true_mean:.4f};")
    print(f"  square {square:.4f}, corrected {true_square:.4f};")
    print(f"  weight {weight:.4f}")

for kind in (AdamW, torch.optim.AdamW):
    parameter = nn.Parameter(torch.ones(1))
    betas = (beta1, beta2)
    optimizer = kind([parameter], lr=lr, betas=betas, weight_decay=decay)
    for gradient in (2.0, 1.0):
        parameter.grad = torch.tensor([gradient])
        optimizer.step()
    print(f"{kind.__module__:24} {parameter.item():.4f}")
