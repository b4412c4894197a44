"""Solutions to the exercises of pretrained/weights."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path


def tensor_bytes(path: str | Path) -> dict[str, int]:
    """Return how many bytes each tensor of a safetensors file takes."""
    with Path(path).open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
    offsets = {name: entry["data_offsets"] for name, entry in header.items() if name[:2] != "__"}
    return {name: end - start for name, (start, end) in offsets.items()}


def summarize(names: Iterable[str]) -> dict[str, int]:
    """Return the patterns of some published names, and how many names have each."""
    return dict(
        Counter(
            ".".join("*" if part.isdigit() else part for part in name.split(".")) for name in names
        )
    )
