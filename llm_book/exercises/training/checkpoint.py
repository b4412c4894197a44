"""Exercises of training/checkpoint."""

from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write a file so that under its name stands the old text or the new one, never less.

    Whatever goes wrong on the way, the old file stays and nothing else is left beside it.
    """
    raise NotImplementedError


def share_lost(every: float, *, saving: float, failing: float) -> float:
    """Return the share of its time that a run loses to saving and to failures.

    Args:
        every: Seconds of training from one checkpoint to the next.
        saving: Seconds that saving one takes; training waits for it.
        failing: Seconds from one failure to the next, on average; far longer than `every`.
            A failure comes at any moment, and all work since the last checkpoint is done again.
    """
    raise NotImplementedError
