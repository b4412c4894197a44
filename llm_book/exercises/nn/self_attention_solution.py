"""Solutions to the exercises of nn/self_attention."""

import torch
from torch import Tensor


def attend_by_loops(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Do what causal attention does without a matrix product, a mask, or a softmax."""
    mixed = []
    for t, query in enumerate(queries):
        scores = (query * keys[: t + 1]).sum(-1) / query.shape[0] ** 0.5  # (t + 1,)
        # Subtracting the largest score changes no share, and keeps exp from overflowing.
        shares = (scores - scores.max()).exp()
        shares = shares / shares.sum()
        mixed.append((shares[:, None] * values[: t + 1]).sum(0))
    return torch.stack(mixed)


def document_mask(positions: Tensor) -> Tensor:
    """Return the causal mask of several texts packed into one row."""
    document = (positions == 0).cumsum(0)  # every 0 begins the next text
    same = document[:, None] == document[None, :]
    return same & (positions[None, :] <= positions[:, None])
