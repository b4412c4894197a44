"""Published weights: what lies in a safetensors file, and where our parameters lie in it."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from llm_book.models.causal_lm import published_name

DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


@dataclass(frozen=True)
class StoredTensor:
    """A tensor in a file: its first byte, what the bytes mean, and its shape."""

    path: Path
    start: int
    dtype: torch.dtype
    shape: tuple[int, ...]

    @property
    def n_bytes(self) -> int:
        """Return how many bytes it takes."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    def map(self) -> Tensor:
        """Return the tensor as a view of the file; what is looked at is read, and no more."""
        if self.n_bytes == 0:
            return torch.empty(self.shape, dtype=self.dtype)
        # Mode "c" keeps what anybody writes into the view out of the file.
        data = np.memmap(self.path, np.uint8, "c", offset=self.start, shape=self.n_bytes)
        return torch.from_numpy(data).view(self.dtype).view(self.shape)


def read_header(path: str | Path) -> dict[str, StoredTensor]:
    """Return the tensors of a safetensors file by name; of the file, read only its header.

    Eight bytes hold the length of the header, which is JSON; then the numbers follow.

    Raises:
        ValueError: The file has another format, or its end is missing.
    """
    path = Path(path)
    size = path.stat().st_size
    with path.open("rb") as file:
        start = 8 + int.from_bytes(file.read(8), "little")
        text = file.read(start - 8) if start <= size else b""
    if len(text) < 2:
        raise ValueError(f"{path} is cut off after {size:,} bytes, or is no safetensors file")
    try:
        header = json.loads(text)
        header.pop("__metadata__", None)
        found = {
            name: StoredTensor(
                path,
                start + entry["data_offsets"][0],
                DTYPES[entry["dtype"]],
                tuple(entry["shape"]),
            )
            for name, entry in header.items()
        }
        for name, stored in found.items():
            begin, end = header[name]["data_offsets"]
            if end - begin != stored.n_bytes:
                raise ValueError(f"{name} has {end - begin} bytes for shape {stored.shape}")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} has a header that we cannot read: {error!r}") from None
    end = max((stored.start + stored.n_bytes for stored in found.values()), default=start)
    if size < end:
        raise ValueError(f"{path} is cut off after {size:,} of {end:,} bytes")
    return found


def weight_files(folder: Path) -> dict[str, StoredTensor]:
    """Return all tensors of a folder: of one file, or of the shards that an index names."""
    single, index = folder / "model.safetensors", folder / "model.safetensors.index.json"
    if single.exists():
        return read_header(single)
    if not index.exists():
        pickles = sorted(folder.glob("*.bin")) + sorted(folder.glob("*.pt*"))
        found = f", only {pickles[0].name}: we run no pickle" if pickles else ""
        raise ValueError(f"{folder} has no model.safetensors and no index of shards{found}")
    try:
        names = set(json.loads(index.read_text("utf-8"))["weight_map"].values())
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{index} is not an index of shards: {error!r}") from None
    stored: dict[str, StoredTensor] = {}
    for name in sorted(names):
        if Path(name).name != name or not (folder / name).exists():
            raise ValueError(f"{index} names {name}, which is not in the folder")
        stored |= read_header(folder / name)
    return stored


@dataclass(frozen=True)
class Published:
    """A tensor of published files, and what it is made of.

    Attributes:
        transposed: The file holds `(in, out)`, we hold `(out, in)`.
        flat: The file has one dimension, we have several.
        parts: Names of our parameters that it joins along the rows, with the place in our
            stack of matrices where it is one of a stack.
    """

    transposed: bool
    flat: bool
    parts: list[tuple[str, int | None]] = field(default_factory=list)

    def pieces(self, parameters: Mapping[str, Tensor]) -> list[Tensor]:
        """Return the parts as views of our parameters, which may be read or written."""
        pieces = [
            parameters[name] if place is None else parameters[name][place]
            for name, place in self.parts
        ]
        return [piece.view(-1) for piece in pieces] if self.flat else pieces

    def shape(self, parameters: Mapping[str, Tensor]) -> tuple[int, ...]:
        """Return the shape that the files must have."""
        first, *others = self.pieces(parameters)
        shape = (first.shape[0] + sum(len(piece) for piece in others), *first.shape[1:])
        return shape[::-1] if self.transposed else shape

    def read(self, stored: Tensor, parameters: Mapping[str, Tensor]) -> None:
        """Copy a stored tensor into our parameters."""
        pieces = self.pieces(parameters)
        joined = stored.t() if self.transposed else stored
        for piece, part in zip(pieces, joined.split([len(p) for p in pieces]), strict=True):
            piece.copy_(part)

    def write(self, parameters: Mapping[str, Tensor]) -> Tensor:
        """Return the tensor to be stored, made of our parameters."""
        joined = torch.cat(self.pieces(parameters))
        return (joined.t() if self.transposed else joined).contiguous()


def lay_out(
    parameters: Mapping[str, Tensor], weight_names: Mapping[str, str]
) -> dict[str, Published]:
    """Return the published tensors that hold our parameters, in the order of the parameters.

    A name in `weight_names` may end in marks, and a `#` in it is the place in a stack:

        "h.*.attn.c_attn.T"                transposed
        "layers.*.q_norm.flat"             our (H, D) in one row
        "layers.*.mlp.gate_up_proj[1]"     the second of the parts that are joined in it
        "layers.*.mlp.experts.#.up.weight" one tensor for each matrix of our (E, F, C)

    Args:
        parameters: Our parameters, as from `named_parameters()`; only their shapes matter.
        weight_names: As for `published_name`.

    Raises:
        LookupError: `weight_names` lacks a parameter, or a part of a joined tensor.
    """
    found: dict[str, dict[int, tuple[str, int | None]]] = {}
    transposed, flat = {}, {}
    for ours, parameter in parameters.items():
        name, marks = published_name(ours, weight_names)
        part = int(match[1]) if (match := re.search(r"\[(\d+)\]", marks)) else 0
        places = range(len(parameter)) if "#" in name else [None]
        for place in places:
            theirs = name.replace("#", str(place))
            known = found.setdefault(theirs, {}).setdefault(part, (ours, place))
            if known != (ours, place):
                raise LookupError(f"{known[0]} and {ours} are both {theirs}")
            transposed[theirs] = ".T" in marks and parameter.dim() > 1
            flat[theirs] = ".flat" in marks
    for theirs, parts in found.items():
        if sorted(parts) != list(range(len(parts))):
            raise LookupError(f"the parts {sorted(parts)} of {theirs} are not 0, 1, 2, …")
    return {
        theirs: Published(transposed[theirs], flat[theirs], [parts[part] for part in sorted(parts)])
        for theirs, parts in found.items()
    }


def tied_names(model: nn.Module, weight_names: Mapping[str, str]) -> dict[str, str]:
    """Return, for each further name of a shared matrix, the published one that stands for it."""
    first: dict[int, str] = {}
    tied = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        known = first.setdefault(id(parameter), name)
        if known != name:
            tied[published_name(name, weight_names)[0]] = published_name(known, weight_names)[0]
    return tied


def list_names(names: Iterable[str]) -> str:
    """Write at most ten names, and how many more there are."""
    names = sorted(names)
    more = f" and {len(names) - 10:,} more" if len(names) > 10 else ""
    return ", ".join(names[:10]) + more
