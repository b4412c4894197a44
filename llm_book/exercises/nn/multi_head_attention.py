"""Exercises of nn/multi_head_attention."""

from torch import Tensor

from llm_book.nn.multi_head_attention import MultiHeadAttention


def attention_of_heads(layer: MultiHeadAttention, x: Tensor) -> Tensor:
    """Return the weights with which each head of the layer looks at each token.

    The layer itself never stores them. Compute them from its `qkv_proj`, its `head_shape`,
    and `attention_weights`, for tokens at positions 0 to T - 1.

    Shapes:
        x: `(B, T, C)`
        returns: `(B, H, T, T)`
    """
    raise NotImplementedError


def without_head(layer: MultiHeadAttention, head: int) -> MultiHeadAttention:
    """Return a copy of the layer in which one head adds nothing to the result.

    Change one weight matrix only, and leave the layer that was passed in as it is. Which
    columns of which matrix read what the head has found?
    """
    raise NotImplementedError
