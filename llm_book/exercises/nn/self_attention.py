"""Exercises of nn/self_attention."""

from torch import Tensor


def attend_by_loops(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Do what causal attention does without a matrix product, a mask, or a softmax.

    Loop over the queries. For query `t`, take its dot product with the keys `0` to `t`,
    divide by the root of the width, exponentiate, divide by the sum, and add up the values
    with these shares. Use only elementwise operations and `sum`.

    Shapes:
        queries, keys, values: `(T, D)`
        returns: `(T, D)`
    """
    raise NotImplementedError


def document_mask(positions: Tensor) -> Tensor:
    """Return the causal mask of several texts packed into one row.

    The positions of every text begin again at 0: `[0, 1, 2, 0, 1]` is a text of three
    tokens and one of two. A token sees itself and the earlier tokens of its own text.

    Shapes:
        positions: `(T,)`
        returns: `(T, T)`, bool, True = visible
    """
    raise NotImplementedError
