"""Solutions to the exercises of appendix/training_run."""

from llm_book.appendix.training_run import Stopped
from llm_book.training.schedule import warmup_cosine
from llm_book.training.trainer import History


class Patience:
    """End a run whose held-out loss no longer falls; for the argument `on_step` of `train`."""

    def __init__(self, evaluations: int) -> None:
        self.evaluations = evaluations

    def __call__(self, history: History) -> None:
        """Raise `Stopped` if patience is at its end."""
        losses = [loss for _, loss in history.validation]
        if losses and len(losses) - 1 - losses.index(min(losses)) >= self.evaluations:
            raise Stopped


def rate_after_change(step: int, old_steps: int, new_steps: int) -> float:
    """Return by which factor the learning rate of a step changes with the length of the run."""
    old, new = (
        warmup_cosine(step, peak=1.0, warmup_steps=0, total_steps=total)
        for total in (old_steps, new_steps)
    )
    return new / old
