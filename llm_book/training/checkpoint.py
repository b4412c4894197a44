"""Checkpoints: all that a training run needs to go on, written whole or not at all."""

import base64
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from llm_book.training.trainer import History


def random_state() -> list[str]:
    """Write down the state of PyTorch's random numbers: of the CPU, then of each GPU in use."""
    states = [torch.get_rng_state()]
    if torch.cuda.is_initialized():
        states += torch.cuda.get_rng_state_all()
    return [base64.b64encode(state.numpy().tobytes()).decode() for state in states]


def set_random_state(texts: list[str]) -> None:
    """Go on where `random_state` was called, on the devices that this machine has."""
    buffers = (bytearray(base64.b64decode(text)) for text in texts)
    cpu, *gpus = (torch.frombuffer(buffer, dtype=torch.uint8) for buffer in buffers)
    torch.set_rng_state(cpu)
    for device, state in enumerate(gpus[: torch.cuda.device_count()]):
        torch.cuda.set_rng_state(state, device)


def own_tensors(model: nn.Module) -> dict[str, Tensor]:
    """Return weights and buffers by name; what is tied comes once, by its first name."""
    tensors = model.state_dict(keep_vars=True)
    first = {id(tensor): name for name, tensor in reversed(tensors.items())}
    return {name: tensor for name, tensor in tensors.items() if first[id(tensor)] == name}


def pack_optimizer(
    model: nn.Module, optimizer: Optimizer
) -> tuple[dict[str, Tensor], list[dict[str, Any]]]:
    """Return its tensors, named as `head.weight.exp_avg`, and its groups, with names too."""
    names = {parameter: name for name, parameter in model.named_parameters()}
    groups = optimizer.param_groups
    if any(parameter not in names for group in groups for parameter in group["params"]):
        raise ValueError("the optimizer holds a parameter that the model does not have")
    tensors = {
        f"{name}.{key}": value
        for parameter, name in names.items()
        for key, value in optimizer.state.get(parameter, {}).items()
    }
    return tensors, [{**group, "params": [names[p] for p in group["params"]]} for group in groups]


def unpack_optimizer(
    model: nn.Module,
    optimizer: Optimizer,
    tensors: Mapping[str, Tensor],
    groups: list[dict[str, Any]],
) -> None:
    """Give the optimizer what `pack_optimizer` took from one like it."""
    here = [group["params"] for group in pack_optimizer(model, optimizer)[1]]
    if [sorted(names) for names in here] != [sorted(group["params"]) for group in groups]:
        raise ValueError("the optimizer's groups have other parameters than the checkpoint's")
    # PyTorch knows parameters by number, counted over all groups.
    numbers = {name: n for n, name in enumerate(name for names in here for name in names)}
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        owner, _, key = name.rpartition(".")
        state.setdefault(numbers[owner], {})[key] = tensor.clone()  # as loaded, it is the file
    packed = []
    for group, names in zip(groups, here, strict=True):
        settings = {k: tuple(v) if isinstance(v, list) else v for k, v in group.items()}
        packed.append(settings | {"params": [numbers[name] for name in names]})
    optimizer.load_state_dict({"state": state, "param_groups": packed})


def flush(path: Path) -> None:
    """Wait until a file, or the list of names in a folder, is on the disk."""
    if path.is_dir() and os.name == "nt":
        return  # Windows opens no folders
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def unfinished_name(path: Path) -> Path:
    """Return what a folder is called as long as it is not whole."""
    return path.with_name(f"{path.name}.tmp")


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Give out a folder to fill, which is renamed to `path` once all in it is on the disk."""
    unfinished = unfinished_name(path)
    shutil.rmtree(unfinished, ignore_errors=True)  # of a run that was killed
    try:
        unfinished.mkdir(parents=True)
        yield unfinished
        for file in (*unfinished.iterdir(), unfinished):
            flush(file)
        unfinished.rename(path)
        flush(path.parent)
    except BaseException:  # Ctrl+C is one that is no Exception
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def checkpoint_path(folder: Path, step: int) -> Path:
    """Return where the checkpoint of a step is kept."""
    return folder / f"step-{step:08d}"


def checkpoints(folder: str | Path) -> list[Path]:
    """Return the complete checkpoints in a folder, the oldest first."""
    found = (path for path in Path(folder).glob("step-*") if path.name[5:].isdecimal())
    return sorted(found, key=_step)


def _step(path: Path) -> int:
    return int(path.name[5:])


def sweep(folder: Path) -> None:
    """Remove what a run that was killed left unfinished, at any step."""
    for leftover in folder.glob("step-*.tmp"):
        shutil.rmtree(leftover)


def check_keep(keep: int) -> None:
    """Raise ValueError if no checkpoint would stay."""
    if keep < 1:
        raise ValueError(f"keep={keep}, expected at least 1")


def drop_older(folder: Path, keep: int) -> None:
    """Remove all complete checkpoints but the last `keep`."""
    for old in checkpoints(folder)[:-keep]:
        gone = old.rename(unfinished_name(old))  # half deleted, it would bear a good name
        shutil.rmtree(gone, ignore_errors=True)


def save_checkpoint(
    folder: str | Path, model: nn.Module, optimizer: Optimizer, history: History, *, keep: int = 2
) -> Path:
    """Write the state of a run to `folder/step-…`, whole or not at all, and return the path.

    Args:
        folder: Made if it does not exist. One run at a time writes into it.
        model: The model; what is tied is written once.
        optimizer: One of the model's parameters that remembers tensors only, such as AdamW.
        history: Says how many steps are done.
        keep: How many checkpoints stay; older ones go once this one is complete.

    Raises:
        ValueError: `keep` is below 1, or the optimizer is not the model's.
        FileExistsError: The folder has a checkpoint of this step or a later one.
        OSError: The disk is full or fails; the older checkpoints stay.
    """
    check_keep(keep)
    folder, step = Path(folder), history.step
    older = checkpoints(folder)
    if older and _step(older[-1]) >= step:
        raise FileExistsError(
            f"step {step} was not saved: {older[-1]} exists; resume it or take another folder"
        )
    tensors, groups = pack_optimizer(model, optimizer)
    state = {"history": history.to_dict(), "optimizer": groups, "random": random_state()}
    sweep(folder)
    path = checkpoint_path(folder, step)
    try:
        with new_folder(path) as unfinished:
            for name, content in (("model", own_tensors(model)), ("optimizer", tensors)):
                flat = {key: tensor.detach().contiguous() for key, tensor in content.items()}
                save_file(flat, unfinished / f"{name}.safetensors")
            (unfinished / "state.json").write_text(json.dumps(state), "utf-8")
    except (OSError, SafetensorError) as error:
        last = f"; the last checkpoint is {older[-1]}" if older else ""
        raise OSError(f"step {step} was not saved: {error}{last}") from error
    drop_older(folder, keep)
    return path


def load_checkpoint(folder: str | Path, model: nn.Module, optimizer: Optimizer) -> History:
    """Bring a run back to its newest checkpoint, and return its history.

    Weights are filled in place, so that what is tied stays tied; then come the optimizer's
    memory and the random numbers. All is read and compared before anything is changed.

    Raises:
        FileNotFoundError: There is no checkpoint in the folder.
        ValueError: A file is damaged, or the model or the optimizer is another one.
    """
    found = checkpoints(folder)
    if not found:
        raise FileNotFoundError(f"there is no checkpoint in {folder}")
    weights = _read(found[-1] / "model.safetensors")
    tensors = _read(found[-1] / "optimizer.safetensors")
    history, groups, random = _read(found[-1] / "state.json")
    own = own_tensors(model)
    _compare(found[-1], weights, own)
    unpack_optimizer(model, optimizer, tensors, groups)
    with torch.no_grad():
        for name, tensor in own.items():
            tensor.copy_(weights[name])
    set_random_state(random)
    return history


def _read(file: Path) -> Any:
    try:
        if file.suffix != ".json":
            return load_file(file)
        state = json.loads(file.read_text("utf-8"))
        return History.from_dict(state["history"]), state["optimizer"], state["random"]
    except (OSError, SafetensorError, ValueError, TypeError, KeyError) as error:
        reason = f"no {error}" if isinstance(error, KeyError) else error
        raise ValueError(
            f"{file} is damaged ({reason}); delete {file.parent.name} to go on from an older one"
        ) from error


def _compare(path: Path, saved: dict[str, Tensor], own: dict[str, Tensor]) -> None:
    def describe(tensor: Tensor | None) -> str:
        if tensor is None:
            return "nothing"
        return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"

    pairs = ((name, describe(saved.get(name)), describe(own.get(name))) for name in own | saved)
    different = [
        f"{name} is {there} there, {here} here" for name, there, here in pairs if there != here
    ]
    if different:
        more = f"; {len(different) - 3} more" if len(different) > 3 else ""
        raise ValueError(f"{path} is of another model: {'; '.join(different[:3])}{more}")
