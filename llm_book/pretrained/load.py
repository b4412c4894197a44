"""Load published weights into the models of this book, with no more memory than the model takes."""

import json
import re
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from tqdm import tqdm

from llm_book.models.causal_lm import CausalLM
from llm_book.pretrained.family import FAMILIES, family_of, find_family
from llm_book.pretrained.weights import (
    StoredTensor,
    lay_out,
    list_names,
    tied_names,
    weight_files,
)

WANTED_FILES = [
    "config.json",
    "tokenizer.json",
    "tokenizer.model",
    "model*.safetensors",
    "model.safetensors.index.json",
]


def from_pretrained(
    folder_or_hub_id: str | Path,
    *,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> CausalLM:
    """Return a published model, ready to generate.

    Args:
        folder_or_hub_id: A folder with config.json and safetensors files, or a name on the
            Hugging Face hub as `openai-community/gpt2`, which is downloaded once.
        dtype: What the weights become; by default they stay as they are stored.
        device: Where the weights go; the CPU by default.

    Raises:
        ValueError: The folder is not complete, or not what we know how to read.
        LookupError: There is no such folder and no such model on the hub.
    """
    folder = find_folder(folder_or_hub_id)
    model = build(read_config(folder))
    load_weights(model, folder, dtype=dtype, device=device)
    return model.to(device).eval()  # the parameters are there; this moves tables


def find_folder(folder_or_hub_id: str | Path) -> Path:
    """Return the folder, downloaded from the hub if need be."""
    folder = Path(folder_or_hub_id).expanduser()
    if folder.is_dir():
        return folder
    name = str(folder_or_hub_id)
    if not re.fullmatch(r"\w[\w.-]*(/[\w.-]+)?", name):
        raise LookupError(f"there is no folder {name}")
    try:
        from huggingface_hub import snapshot_download
    except ModuleNotFoundError:
        raise LookupError(
            f"there is no folder {name}; to fetch it from the hub, pip install huggingface_hub"
        ) from None
    try:
        return Path(snapshot_download(name, allow_patterns=WANTED_FILES))
    except (OSError, ValueError) as error:  # the library's errors are kinds of these
        reason = str(error).strip().split("\n")[0]
        raise LookupError(f"there is no folder {name}, and the hub says: {reason}") from error


def read_config(folder: Path) -> dict[str, Any]:
    """Return the fields of config.json."""
    path = folder / "config.json"
    if not path.exists():
        raise ValueError(f"{folder} has no config.json")
    try:
        fields = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}") from None
    if not isinstance(fields, dict) or fields.get("model_type") not in FAMILIES:
        kind = fields.get("model_type") if isinstance(fields, dict) else None
        raise ValueError(f"{path} has model_type={kind!r}, expected one of: {', '.join(FAMILIES)}")
    return fields


def build(fields: Mapping[str, Any]) -> CausalLM:
    """Return the model of a config.json, without memory for its weights."""
    family = find_family(fields["model_type"])
    try:
        config = family.read(fields)
        with EmptyOnMeta():
            return family.model(config)
    except KeyError as error:
        raise ValueError(f"config.json lacks the field {error}") from None
    except (ArithmeticError, AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"config.json: {error}") from None


class EmptyOnMeta(TorchFunctionMode):
    """Inside it, `torch.empty` takes no memory; tensors whose numbers are given stay real."""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call the function; send what it makes to the meta device if it is `torch.empty`."""
        kwargs = kwargs or {}
        return func(*args, **(kwargs | {"device": "meta"} if func is torch.empty else kwargs))


def choose_names(
    model: nn.Module,
    stored: Mapping[str, StoredTensor],
) -> Mapping[str, str]:
    """Return the table of names that fits the files.

    Raises:
        ValueError: None fits; the message is about the one that comes closest.
    """
    parameters = dict(model.named_parameters())
    problems: list[tuple[int, str]] = []
    family = family_of(model)
    masks = family.ignored_names
    for table in family.weight_names:
        try:
            names = lay_out(parameters, table).keys()
        except LookupError as error:
            problems.append((len(stored), str(error)))
            continue
        surplus = stored.keys() - names - tied_names(model, table).keys()
        surplus = {name for name in surplus if not any(fnmatch(name, mask) for mask in masks)}
        missing = names - stored.keys()
        if not missing and not surplus:
            return table
        lists = {"lack": missing, "have too many": surplus}
        message = "; ".join(f"{what} {list_names(some)}" for what, some in lists.items() if some)
        problems.append((len(missing) + len(surplus), f"the files {message}"))
    raise ValueError(min(problems)[1])


def check_shapes(
    parameters: Mapping[str, Tensor],
    stored: Mapping[str, StoredTensor],
    table: Mapping[str, str],
) -> None:
    """Raise ValueError for a stored tensor of another shape than config.json promises."""
    for name, published in lay_out(parameters, table).items():
        expected, found = published.shape(parameters), stored[name]
        if found.shape != expected or not found.dtype.is_floating_point:
            kind = "" if found.dtype.is_floating_point else f" of {found.dtype}"
            raise ValueError(f"{name} has shape {found.shape}{kind}, expected {expected}")


@torch.no_grad()
def load_weights(
    model: nn.Module,
    folder: Path,
    *,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> None:
    """Give a model, which may be without memory, the weights in a folder.

    Everything is checked by the headers before the first number is read. Then one stored
    tensor after the other is mapped, copied to its place, and let go.
    """
    stored, parameters = weight_files(folder), dict(model.named_parameters())
    table = choose_names(model, stored)
    check_shapes(parameters, stored, table)
    for theirs, first in tied_names(model, table).items():
        if theirs in stored and not torch.equal(stored[theirs].map(), stored[first].map()):
            raise ValueError(f"{theirs} differs from {first}, but config.json ties them")
    new: dict[str, Tensor] = {}
    for name, published in tqdm(lay_out(parameters, table).items(), "loading", disable=None):
        kept = dtype or stored[name].dtype
        for ours, _ in published.parts:
            if ours not in new:
                new[ours] = torch.empty(parameters[ours].shape, dtype=kept, device=device)
        published.read(stored[name].map(), new)
    replace_parameters(model, new)


def replace_parameters(model: nn.Module, new: Mapping[str, Tensor]) -> None:
    """Put tensors in place of parameters; what was shared stays shared."""
    made = {
        id(old): nn.Parameter(new[name], old.requires_grad)
        for name, old in model.named_parameters()
    }
    for name, old in list(model.named_parameters(remove_duplicate=False)):
        module, _, leaf = name.rpartition(".")
        setattr(model.get_submodule(module), leaf, made[id(old)])
