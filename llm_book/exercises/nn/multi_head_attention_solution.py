"""Solutions to the exercises of nn/multi_head_attention."""

import copy

import torch
from torch import Tensor

from llm_book.nn.multi_head_attention import MultiHeadAttention
from llm_book.nn.self_attention import attention_weights, causal_mask


def attention_of_heads(layer: MultiHeadAttention, x: Tensor) -> Tensor:
    """Return the weights with which each head of the layer looks at each token."""
    queries, keys, _ = layer.qkv_proj(x).unflatten(-1, (3, *layer.head_shape)).unbind(2)
    positions = torch.arange(x.shape[1], device=x.device)
    mask = causal_mask(positions, positions, layer.window)
    return attention_weights(queries.transpose(1, 2), keys.transpose(1, 2), mask)


def without_head(layer: MultiHeadAttention, head: int) -> MultiHeadAttention:
    """Return a copy of the layer in which one head adds nothing to the result."""
    layer = copy.deepcopy(layer)
    with torch.no_grad():
        # Columns of o_proj read the joined heads: head number h is the h-th slice of D columns.
        layer.o_proj.weight.unflatten(1, layer.head_shape)[:, head] = 0
    return layer
