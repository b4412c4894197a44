"""Exercises of models/olmo3."""

from torch import Tensor

from llm_book.models.olmo3 import Olmo3Config


def score_ceiling(q_weight: Tensor, k_weight: Tensor) -> Tensor:
    """Return for each head a number that none of its scores can exceed.

    Queries and keys go through RMSNorm over all heads, with these weights, both `(H, D)`.
    Then they turn by any angles, and their product is divided by the root of D. Let epsilon
    be 0. With weights of 1 the result is H times the root of D for every head.

    Shapes:
        returns: `(H,)`
    """
    raise NotImplementedError


def cache_bytes(config: Olmo3Config, length: int, bytes_per_number: int = 2) -> int:
    """Return the bytes that the keys and values of one text of `length` tokens take."""
    raise NotImplementedError
