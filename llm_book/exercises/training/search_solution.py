"""Solutions to the exercises of training/search."""

import math


def trials_needed(share: float, chance: float) -> int:
    """Return how many random trials find one of the best `share`, with at least this chance."""
    # All n miss with probability (1 - share)^n.
    return math.ceil(math.log(1 - chance) / math.log(1 - share))


def halve(curves: list[list[float]]) -> tuple[int, int]:
    """Find the best of several trials by successive halving, and count the evaluations."""
    running, done, spent = list(range(len(curves))), 1, len(curves)
    while len(running) > 1 and done < len(curves[0]):
        last = done - 1
        running.sort(key=lambda trial: curves[trial][last])
        running = running[: math.ceil(len(running) / 2)]
        if len(running) == 1:
            break
        further = min(2 * done, len(curves[0]))
        spent += len(running) * (further - done)
        done = further
    return min(running, key=lambda trial: curves[trial][done - 1]), spent
