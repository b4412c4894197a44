"""Score predictions of the next token: in nats, as a perplexity, in bits per byte."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

IGNORED = -100  # as a target: nothing is to be predicted here
Batch = tuple[Tensor, Tensor]  # inputs and targets, `(B, T)` each


def next_token_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean cross-entropy in nats over the targets that are not IGNORED.

    Logits of lower precision are scored in float32. Without a single target the loss is
    0, and so is its gradient.

    Shapes:
        logits: `(B, T, V)`
        targets: `(B, T)`, ids in `[0, V)` or IGNORED
        returns: a scalar

    Raises:
        ValueError: The targets do not have the shape of the logits without `V`.
    """
    if logits.shape[:-1] != targets.shape:
        raise ValueError(
            f"logits of shape {tuple(logits.shape)} need targets of shape "
            f"{tuple(logits.shape[:-1])}, not {tuple(targets.shape)}"
        )
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))  # float32: no copy
    total = F.cross_entropy(
        logits.flatten(0, -2), targets.flatten(), ignore_index=IGNORED, reduction="sum"
    )
    return total / (targets != IGNORED).sum().clamp(min=1)


def perplexity(loss: float | Tensor) -> float:
    """Return e to the loss: how many equally likely tokens would be as hard to guess."""
    loss = float(loss)
    return math.inf if loss > 709 else math.exp(loss)  # e^710 overflows


def bits_per_byte(loss: float | Tensor, n_tokens: int, n_bytes: int) -> float:
    """Spread the loss of `n_tokens` over the bytes that they stand for.

    Args:
        loss: Mean over the tokens, in nats.
        n_tokens: Number of targets in the mean.
        n_bytes: Length of their text in UTF-8.

    Raises:
        ValueError: There are no bytes, or fewer than 0 tokens.
    """
    if n_bytes < 1 or n_tokens < 0:
        raise ValueError(f"n_tokens={n_tokens} over n_bytes={n_bytes}: expected 0 and 1 at least")
    return float(loss) * n_tokens / n_bytes / math.log(2)
