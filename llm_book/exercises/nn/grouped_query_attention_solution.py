"""Solutions to the exercises of nn/grouped_query_attention."""

from torch import Tensor


def average_heads(weight: Tensor, n_heads: int, n_kv_heads: int) -> Tensor:
    """Return the weight of K key-value heads, each the mean of a group of H trained heads."""
    groups = weight.unflatten(0, (n_kv_heads, n_heads // n_kv_heads, -1))  # (K, H / K, D, C)
    return groups.mean(1).flatten(0, 1)


def attend_one_token(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Attend with the queries of one token, and copy no key and no value."""
    groups = queries.unflatten(1, (keys.shape[2], -1))  # (B, K, H / K, D)
    scores = groups @ keys.permute(0, 2, 3, 1) * keys.shape[-1] ** -0.5  # (B, K, H / K, S)
    return (scores.softmax(-1) @ values.transpose(1, 2)).flatten(1, 2)
