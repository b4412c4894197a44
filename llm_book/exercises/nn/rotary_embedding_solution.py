"""Solutions to the exercises of nn/rotary_embedding."""

from torch import Tensor


def to_halves(weight: Tensor, n_heads: int) -> Tensor:
    """Reorder a projection made for interleaved pairs so that it works with halves."""
    pairs = weight.unflatten(0, (n_heads, -1, 2))  # (H, D / 2, 2, C)
    return pairs.transpose(1, 2).flatten(0, 2)  # all first members, then all second


def slower_base(theta: float, dim: int, factor: float) -> float:
    """Return the base with which the last pair turns `factor` times slower than with theta.

    The last frequency is theta ** -(dim - 2) / dim, so theta must grow by that root of it.
    """
    return theta * factor ** (dim / (dim - 2))
