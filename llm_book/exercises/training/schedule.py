"""Exercises of training/schedule."""


def warmup_stable_decay(
    step: int, *, peak: float, warmup_steps: int, decay_steps: int, total_steps: int
) -> float:
    """Return the learning rate of a step: up in a line, level, and down in a line to 0.

    The warm-up is that of `warmup_cosine`. The last `decay_steps` of `total_steps` fall
    evenly: the first of them still has the peak, and step `total_steps` would have 0.
    """
    raise NotImplementedError


def mean_rate(*, peak: float, warmup_steps: int, total_steps: int) -> float:
    """Return the mean of `warmup_cosine` over the steps 0 to `total_steps - 1`, minimum 0.

    Find the formula; a loop over the steps is how the test checks it. The warm-up is
    shorter than the whole.
    """
    raise NotImplementedError
