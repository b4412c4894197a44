"""Exercises of nn/gated_feed_forward."""

from torch import Tensor

from llm_book.nn.gated_feed_forward import GatedFeedForward


def gated_hidden_dim(dim: int, *, multiplier: float = 1.0, multiple_of: int = 256) -> int:
    """Return the hidden width of a Llama.

    Two thirds of `4 * dim`, rounded down to a whole number; that times `multiplier`, rounded
    down again; and rounded up to a multiple of `multiple_of`.
    """
    raise NotImplementedError


def from_fused(gate_up: Tensor, down: Tensor) -> GatedFeedForward:
    """Return a network with the weights of a file that stores gate and up as one matrix.

    The rows of the gate come first, as in the files of GLM.

    Shapes:
        gate_up: `(2 · F, C)`
        down: `(C, F)`
    """
    raise NotImplementedError
