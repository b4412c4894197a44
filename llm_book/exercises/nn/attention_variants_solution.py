"""Solutions to the exercises of nn/attention_variants."""

from functools import reduce

import torch
from torch import Tensor

from llm_book.nn.attention_variants import Running


def join(left: Running, right: Running) -> Running:
    """Join what two online softmaxes remember of different keys, for the same queries."""
    maximum = torch.maximum(left.maximum, right.maximum)
    shrink_left = (left.maximum - maximum).exp()
    shrink_right = (right.maximum - maximum).exp()
    return Running(
        maximum,
        left.total * shrink_left + right.total * shrink_right,
        left.mixed * shrink_left + right.mixed * shrink_right,
    )


def attend_in_parts(queries: Tensor, keys: Tensor, values: Tensor, n_parts: int) -> Tensor:
    """Attend without a mask: each part of the keys for itself, then joined by `join`."""
    parts = zip(keys.chunk(n_parts, -2), values.chunk(n_parts, -2), strict=True)
    scale = keys.shape[-1] ** -0.5
    memories = [Running.start(queries).take_in(queries @ k.mT * scale, v) for k, v in parts]
    whole = reduce(join, memories)
    return whole.mixed / whole.total


def tile_pairs(length: int, tile: int, window: int | None = None) -> int:
    """Count the pairs of a query tile and a key tile in which any query sees any key."""
    pairs = 0
    for first_query in range(0, length, tile):
        oldest = 0 if window is None else max(0, first_query - window + 1)
        pairs += first_query // tile - oldest // tile + 1
    return pairs
