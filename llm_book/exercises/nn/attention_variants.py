"""Exercises of nn/attention_variants."""

from torch import Tensor

from llm_book.nn.attention_variants import Running


def join(left: Running, right: Running) -> Running:
    """Join what two online softmaxes remember of different keys, for the same queries.

    The result is what one softmax would remember that has met the keys of both. With it,
    several processors, or several machines, share the keys of one long text.

    Shapes:
        maximum, total: `(..., T, 1)`
        mixed: `(..., T, D)`
    """
    raise NotImplementedError


def attend_in_parts(queries: Tensor, keys: Tensor, values: Tensor, n_parts: int) -> Tensor:
    """Attend without a mask: each part of the keys for itself, then joined by `join`.

    Shapes:
        queries: `(..., T, D)`
        keys, values: `(..., S, D)`, with S at least `n_parts`
        returns: `(..., T, D)`
    """
    raise NotImplementedError


def tile_pairs(length: int, tile: int, window: int | None = None) -> int:
    """Count the pairs of a query tile and a key tile in which any query sees any key.

    Attention is causal. With a `window`, a query sees that many positions, its own
    included. The last tile of a row may be shorter than the others.
    """
    raise NotImplementedError
