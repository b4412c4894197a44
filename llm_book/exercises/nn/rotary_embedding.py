"""Exercises of nn/rotary_embedding."""

from torch import Tensor


def to_halves(weight: Tensor, n_heads: int) -> Tensor:
    """Reorder a projection made for interleaved pairs so that it works with halves.

    `weight` makes queries or keys of `n_heads` heads in which the neighbors (0, 1), (2, 3),
    … turn together. Return the same rows in another order, such that turning by halves
    gives the same scores. All features of a head turn.

    Shapes:
        weight: `(H · D, C)`
        returns: `(H · D, C)`
    """
    raise NotImplementedError


def slower_base(theta: float, dim: int, factor: float) -> float:
    """Return the base with which the last pair turns `factor` times slower than with theta.

    The first pair still turns by one radian per position. This is a scaling in itself: one
    number in the configuration, and the pairs between are slowed little by little.
    """
    raise NotImplementedError
