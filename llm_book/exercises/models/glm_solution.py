"""Solutions of models/glm."""

import torch
from torch import Tensor

from llm_book.nn.rotary_embedding import RotaryEmbedding


def split_query_key_value(
    joined: Tensor, n_heads: int, n_kv_heads: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Find the width of a head, then cut."""
    head_dim, rest = divmod(len(joined), n_heads + 2 * n_kv_heads)
    if rest:
        raise ValueError(f"{len(joined)} rows are not {n_heads} + 2 · {n_kv_heads} whole heads")
    queries, keys, values = joined.split(
        [n_heads * head_dim, n_kv_heads * head_dim, n_kv_heads * head_dim]
    )
    return queries, keys, values


def scores_by_distance(
    q_bias: Tensor, k_bias: Tensor, rotary: RotaryEmbedding, n_distances: int
) -> Tensor:
    """Let the key stand at position 0 and the query move away."""
    queries = q_bias.expand(1, n_distances, 1, -1)  # (1, S, 1, D)
    query = rotary(queries, torch.arange(n_distances))
    key = rotary(k_bias.view(1, 1, 1, -1), torch.tensor([0]))
    return (query * key).sum(-1).flatten() * len(q_bias) ** -0.5
