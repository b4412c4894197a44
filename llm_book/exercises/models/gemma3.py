"""Exercises of models/gemma3."""

from collections.abc import Sequence

from torch import Tensor


def with_plain_norms(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights of a Gemma 3 for norms that multiply by the weight alone.

    `weights` is the state dict of a `Gemma3`. A program whose norms know no offset must
    compute the same with what you return. The given tensors stay as they are.
    """
    raise NotImplementedError


def tokens_heard_of(windows: Sequence[int | None], length: int) -> list[int]:
    """Return after each layer how many tokens the last of `length` tokens can depend on.

    `windows` has a number for each layer, from the first to the last: how many positions a
    token sees, its own included. None stands for all. A token counts for itself.
    """
    raise NotImplementedError
