"""Exercises of training/search."""


def trials_needed(share: float, chance: float) -> int:
    """Return how many random trials find one of the best `share`, with at least this chance.

    `trials_needed(0.05, 0.95)` asks how many draws hit the best 5% at least once in 95 of 100
    searches.
    """
    raise NotImplementedError


def halve(curves: list[list[float]]) -> tuple[int, int]:
    """Find the best of several trials by successive halving, and count the evaluations.

    All trials are evaluated once. Then the worse half stops, the rest goes on until each of it
    has twice as many evaluations, and so on until one is left or a curve is at its end. With an
    odd number, the larger half goes on.

    Args:
        curves: The losses that each trial would report if it ran to its end, equally many.

    Returns:
        The number of the trial with the lowest last loss among those left, and the number of
        evaluations that were made of all trials together.
    """
    raise NotImplementedError
