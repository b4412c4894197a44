"""Solutions of training/trainer."""

import math

from torch import Tensor

from llm_book.training.trainer import History


def clip_gradients(gradients: list[Tensor], max_norm: float) -> float:
    """Shorten gradients in place, all by the same factor, to a joint length of `max_norm`."""
    norm = math.sqrt(sum(gradient.square().sum().item() for gradient in gradients))
    if max_norm < norm < math.inf:
        for gradient in gradients:
            gradient.mul_(max_norm / norm)
    return norm


class EnoughError(Exception):
    """Raised to end a training run early."""


class Patience:
    """An `on_step` that ends the run once validation no longer gets better."""

    def __init__(self, n: int) -> None:
        self.n, self.seen = n, 0

    def __call__(self, history: History) -> None:
        """Look at the history, and raise or return."""
        losses = [loss for _, loss in history.validation]
        if len(losses) == self.seen:
            return  # there was no evaluation after this step
        self.seen = len(losses)
        if len(losses) > self.n and min(losses[-self.n :]) >= min(losses[: -self.n]):
            raise EnoughError(f"no better for {self.n} evaluations, at step {history.step}")
