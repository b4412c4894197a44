"""Exercises of pretrained/export."""

from collections.abc import Sequence
from pathlib import Path


def cut_evenly(sizes: Sequence[int], limit: int) -> list[list[int]]:
    """Cut sizes, in their order, into as few files as `limit` allows, and evenly.

    Of all ways with the fewest files, return one whose largest file is as small as possible. A
    size above the limit gets a file of its own.
    """
    raise NotImplementedError


def soup(folders: Sequence[Path], folder: Path) -> Path:
    """Write a model whose every weight is the mean of that of the models in `folders`.

    All models have the same config. What if one of them is no GPT-2, but of another family?
    """
    raise NotImplementedError
