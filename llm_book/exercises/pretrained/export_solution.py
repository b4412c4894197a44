"""Solutions to the exercises of pretrained/export."""

from collections.abc import Sequence
from pathlib import Path

import torch

from llm_book.pretrained.export import save_pretrained
from llm_book.pretrained.load import from_pretrained


def cut(sizes: Sequence[int], limit: int) -> list[list[int]]:
    """Cut from the left, each file as full as can be."""
    files: list[list[int]] = []
    for size in sizes:
        if files and sum(files[-1]) + size <= limit:
            files[-1].append(size)
        else:
            files.append([size])
    return files


def cut_evenly(sizes: Sequence[int], limit: int) -> list[list[int]]:
    """Cut sizes, in their order, into as few files as `limit` allows, and evenly."""
    n_files = len(cut(sizes, limit))
    low, high = 0, limit  # the smallest limit with as few files lies in (low, high]
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if len(cut(sizes, middle)) == n_files else (middle, high)
    return cut(sizes, high)


@torch.no_grad()
def soup(folders: Sequence[Path], folder: Path) -> Path:
    """Write a model whose every weight is the mean of that of the models in `folders`."""
    mean, *others = (from_pretrained(each) for each in folders)
    for number, other in enumerate(others, 2):
        for mine, theirs in zip(mean.parameters(), other.parameters(), strict=True):
            mine.lerp_(theirs, 1 / number)
    return save_pretrained(mean, folder)
