"""Solutions to the exercises of nn/feed_forward."""

import torch
from torch import Tensor

from llm_book.nn.feed_forward import FeedForward


def feed_forward_parameters(dim: int, hidden_dim: int, *, bias: bool = True) -> int:
    """Return the number of parameters of a feed-forward network.

    With `hidden_dim = 4 * dim` there are 8 dim² weights, twice the 4 dim² of attention.
    """
    return 2 * dim * hidden_dim + (hidden_dim + dim if bias else 0)


def keep_hidden(layer: FeedForward, kept: Tensor) -> FeedForward:
    """Return a narrower network in which only some hidden numbers are left."""
    narrow = FeedForward(layer.up_proj.in_features, len(kept), approximate=layer.approximate)
    with torch.no_grad():
        narrow.up_proj.weight.copy_(layer.up_proj.weight[kept])  # a row makes a hidden number
        narrow.up_proj.bias.copy_(layer.up_proj.bias[kept])
        narrow.down_proj.weight.copy_(layer.down_proj.weight[:, kept])  # a column reads it
        narrow.down_proj.bias.copy_(layer.down_proj.bias)
    return narrow
