"""Exercises of nn/grouped_query_attention."""

from torch import Tensor


def average_heads(weight: Tensor, n_heads: int, n_kv_heads: int) -> Tensor:
    """Return the weight of K key-value heads, each the mean of a group of H trained heads.

    The heads of a group are those whose queries will share it: neighbors.

    Shapes:
        weight: `(H · D, C)`
        returns: `(K · D, C)`
    """
    raise NotImplementedError


def attend_one_token(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Attend with the queries of one token, and copy no key and no value.

    All queries of a group meet the same keys: they are the rows of one matrix. Nothing that
    is made on the way may be as large as the keys. Scale by D ** -0.5.

    Shapes:
        queries: `(B, H, D)`
        keys, values: `(B, S, K, D)`
        returns: `(B, H, D)`
    """
    raise NotImplementedError
