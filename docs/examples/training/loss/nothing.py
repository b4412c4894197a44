import torch
from torch.nn import functional as F

from llm_book.training.loss import IGNORED, next_token_loss

targets = torch.full((1, 4), IGNORED)  # an answer that was cut off whole


def masked(logits, targets):
    """Write the mean down as it is said: a sum over a number."""
    counts = targets != IGNORED
    ids = targets.clamp(min=0)
    each = F.cross_entropy(logits.mT, ids, reduction="none")
    return (each * counts).sum() / counts.sum()


def torchs(logits, targets):
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


for name, function in {
    "by hand": masked,
    "torch": torchs,
    "book": next_token_loss,
}.items():
    logits = torch.zeros(1, 4, 8, requires_grad=True)
    loss = function(logits, targets)
    loss.backward()
    gradient = logits.grad[0, 0, 0].item()
    print(f"{name:8} loss {loss.item()}, gradient {gradient}")
