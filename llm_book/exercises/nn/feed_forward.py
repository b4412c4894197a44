"""Exercises of nn/feed_forward."""

from torch import Tensor

from llm_book.nn.feed_forward import FeedForward


def feed_forward_parameters(dim: int, hidden_dim: int, *, bias: bool = True) -> int:
    """Return the number of parameters of a feed-forward network.

    Then compare, for `hidden_dim = 4 * dim`, with the attention of the same width: which of
    the two holds more of a model's knowledge, and by what factor?
    """
    raise NotImplementedError


def keep_hidden(layer: FeedForward, kept: Tensor) -> FeedForward:
    """Return a narrower network in which only some hidden numbers are left.

    It gives what the old one would give if all other hidden numbers were 0. The old network
    stays as it is.

    Shapes:
        kept: `(F',)`, which of the F hidden numbers to keep, in this order
    """
    raise NotImplementedError
