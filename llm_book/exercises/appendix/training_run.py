"""Exercises of appendix/training_run."""

from llm_book.training.trainer import History


class Patience:
    """End a run whose held-out loss no longer falls; for the argument `on_step` of `train`.

    Calling it with the history raises `Stopped` when the best of the held-out losses is
    followed by `evaluations` others. The same patience must come to the same end when the
    run is stopped and resumed in between.

    Args:
        evaluations: How many evaluations in a row may pass without a new best.
    """

    def __init__(self, evaluations: int) -> None:
        self.evaluations = evaluations

    def __call__(self, history: History) -> None:
        """Raise `Stopped` if patience is at its end."""
        raise NotImplementedError


def rate_after_change(step: int, old_steps: int, new_steps: int) -> float:
    """Return by which factor the learning rate of a step changes with the length of the run.

    Both runs go from a peak of 1 to 0 along a cosine, without warm-up.
    """
    raise NotImplementedError
