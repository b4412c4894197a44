"""Exercises of models/glm."""

from torch import Tensor

from llm_book.nn.rotary_embedding import RotaryEmbedding


def split_query_key_value(
    joined: Tensor, n_heads: int, n_kv_heads: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Cut a `query_key_value`, weight or bias, into those of queries, keys, and values.

    The rows of all query heads come first, then those of the key heads, then those of the
    value heads. All heads have the same width, which follows from the number of rows. Rows
    that do not make whole heads are a ValueError.
    """
    raise NotImplementedError


def scores_by_distance(
    q_bias: Tensor, k_bias: Tensor, rotary: RotaryEmbedding, n_distances: int
) -> Tensor:
    """Return what the biases of one head `(D,)` add to the score of a key at each distance.

    The distances are 0, 1, …, `n_distances - 1`, the key stands before the query, and the
    scores are divided by the root of D.
    """
    raise NotImplementedError
