"""Exercises of pretrained/weights."""

from collections.abc import Iterable
from pathlib import Path


def tensor_bytes(path: str | Path) -> dict[str, int]:
    """Return how many bytes each tensor of a safetensors file takes.

    Read the header only, with `json` and without a library for tensors: a header of a few
    kilobytes may stand before 5 GB of numbers.
    """
    raise NotImplementedError


def summarize(names: Iterable[str]) -> dict[str, int]:
    """Return the patterns of some published names, and how many names have each.

    A part of a name that is a number becomes a star: `h.3.ln_1.bias` has the pattern
    `h.*.ln_1.bias`. The patterns stand in the order in which they first occur.
    """
    raise NotImplementedError
