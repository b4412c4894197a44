"""Exercises of training/trainer."""

from torch import Tensor

from llm_book.training.trainer import History


def clip_gradients(gradients: list[Tensor], max_norm: float) -> float:
    """Shorten gradients in place, all by the same factor, to a joint length of `max_norm`.

    The length is the root of the sum of all squares, over all tensors. Shorter gradients
    stay as they are. Return the length before; where it is not finite, change nothing.
    """
    raise NotImplementedError


class EnoughError(Exception):
    """Raised to end a training run early."""


class Patience:
    """An `on_step` that ends the run once validation no longer gets better.

    It is called with the history after every step. It raises `EnoughError` when the last
    `n` evaluations were all no better than the best one before them, and never twice for
    the same evaluations.
    """

    def __init__(self, n: int) -> None:
        raise NotImplementedError

    def __call__(self, history: History) -> None:
        """Look at the history, and raise or return."""
        raise NotImplementedError
