"""Solutions to the exercises of training/loss."""

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from llm_book.training.loss import IGNORED


def chunked_loss(hidden: Tensor, weight: Tensor, targets: Tensor, chunk_size: int) -> Tensor:
    """Return `next_token_loss(hidden @ weight.T, targets)` without ever holding all logits."""

    def chunk_sum(hidden: Tensor, targets: Tensor) -> Tensor:
        logits = (hidden @ weight.T).float()  # (chunk, V)
        return F.cross_entropy(logits, targets, ignore_index=IGNORED, reduction="sum")

    rows, targets = hidden.flatten(0, 1), targets.flatten()
    total = torch.zeros((), device=hidden.device)
    for part, answers in zip(rows.split(chunk_size), targets.split(chunk_size), strict=True):
        total = total + checkpoint(chunk_sum, part, answers, use_reentrant=False)
    return total / (targets != IGNORED).sum().clamp(min=1)


def z_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean of the squared logarithm of the softmax's denominator."""
    counts = targets != IGNORED
    squares = logits.float().logsumexp(-1).square()
    return squares.where(counts, 0.0).sum() / counts.sum().clamp(min=1)
