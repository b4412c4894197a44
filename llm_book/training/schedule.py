"""Choose the learning rate of each step: up in a line, then down along a cosine."""

import math


def warmup_cosine(
    step: int, *, peak: float, warmup_steps: int, total_steps: int, minimum: float = 0.0
) -> float:
    """Return the learning rate of a step; the first step is 0.

    Args:
        step: Number of steps done before this one.
        peak: Learning rate at step `warmup_steps`, where the line and the cosine meet.
        warmup_steps: Steps on the line.
        total_steps: Steps in all; from there on the rate stays at the minimum.
        minimum: Learning rate at the end.

    Raises:
        ValueError: A number is negative, the warm-up is longer than the whole, or the
            minimum is above the peak.

    Reference:
        Loshchilov & Hutter 2017, https://arxiv.org/abs/1608.03983
    """
    if step < 0:
        raise ValueError(f"step={step}, expected at least 0")
    if not 0 <= warmup_steps <= total_steps:
        raise ValueError(
            f"warmup_steps={warmup_steps}, expected from 0 to total_steps={total_steps}"
        )
    if not 0 <= minimum <= peak:
        raise ValueError(f"minimum={minimum}, expected from 0 to peak={peak}")
    if step >= total_steps:
        return minimum
    if step < warmup_steps:
        return peak * (step + 1) / (warmup_steps + 1)
    progress = (step - warmup_steps) / (total_steps - warmup_steps)
    return minimum + (peak - minimum) * (1 + math.cos(math.pi * progress)) / 2
