"""Solutions to the exercises of training/schedule."""


def warmup_stable_decay(
    step: int, *, peak: float, warmup_steps: int, decay_steps: int, total_steps: int
) -> float:
    """Return the learning rate of a step: up in a line, level, and down in a line to 0."""
    if step < warmup_steps:
        return peak * (step + 1) / (warmup_steps + 1)
    if step <= total_steps - decay_steps:
        return peak
    return peak * max(total_steps - step, 0) / decay_steps


def mean_rate(*, peak: float, warmup_steps: int, total_steps: int) -> float:
    """Return the mean of `warmup_cosine` over the steps 0 to `total_steps - 1`, minimum 0."""
    line = warmup_steps / 2  # 1/(w+1) + … + w/(w+1)
    cosine = (total_steps - warmup_steps) / 2 + 1 / 2  # the peak belongs to it, the 0 does not
    return peak * (line + cosine) / total_steps
