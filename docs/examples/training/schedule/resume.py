import torch
from torch.optim.lr_scheduler import LambdaLR

from llm_book.training.schedule import warmup_cosine

SETTINGS = {"peak": 0.01, "warmup_steps": 3, "total_steps": 10}


def counting():
    """Let an object count the steps, as torch's schedulers do."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    rates = LambdaLR(optimizer, lambda step: warmup_cosine(step, **SETTINGS))
    return optimizer, rates


optimizer, rates = counting()
print("step  counted  by number")
for step in range(8):
    if step == 5:
        optimizer, rates = counting()  # resumed, a state forgotten
    counted = optimizer.param_groups[0]["lr"]
    print(f"{step:4} {counted:8.4f} {warmup_cosine(step, **SETTINGS):10.4f}")
    optimizer.step()
    rates.step()
