"""Exercises of pretrained/load."""

from collections.abc import Sequence
from pathlib import Path

from llm_book.models.causal_lm import CausalLM


def peak_bytes(shards: Sequence[Sequence[int]]) -> dict[str, int]:
    """Return the largest memory that each way of loading takes.

    `shards` holds the bytes of the tensors of each file, in the order of the files. The ways
    are "all at once", "shard by shard", and "tensor by tensor", as on the page: the first two
    make the whole model before they read; the third takes memory for a tensor when it is there.
    """
    raise NotImplementedError


def load_mapped(folder: Path) -> CausalLM:
    """Return a published model whose parameters are the mapped file itself: copy nothing.

    It is enough if this works for a family in which each stored tensor is one parameter.
    """
    raise NotImplementedError
