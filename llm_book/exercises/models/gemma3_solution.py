"""Solutions of models/gemma3."""

from collections.abc import Sequence

from torch import Tensor


def with_plain_norms(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Add the 1 once and for all, in float32 or wider."""
    return {
        name: weight.to(weight.float().dtype) + 1 if "norm" in name else weight
        for name, weight in weights.items()
    }


def tokens_heard_of(windows: Sequence[int | None], length: int) -> list[int]:
    """Reach window - 1 further back with each layer."""
    found, reach = [], 1
    for window in windows:
        reach = length if window is None else min(reach + window - 1, length)
        found.append(reach)
    return found
