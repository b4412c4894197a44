"""Train one model with several processes, each on its own rows of every batch.

    torchrun --standalone --nproc-per-node 2 -m llm_book.training.distributed --help

All processes run this same file. They meet where a sum over all of them is needed: of the
gradients, of the loss, of the targets, of the squares in the gradient's norm.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch import Tensor, nn
from torch.distributed.checkpoint.state_dict import get_optimizer_state_dict
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor
from torch.nn.parallel import DistributedDataParallel
from tqdm import tqdm

from llm_book.data.stories import LANGUAGES, StoryGrammar
from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.tokenizers.bpe import train_bpe
from llm_book.training.checkpoint import (
    check_keep,
    checkpoint_path,
    checkpoints,
    drop_older,
    new_folder,
    sweep,
    unfinished_name,
)
from llm_book.training.loss import Batch, next_token_loss
from llm_book.training.storytelling import END, StoryBatches
from llm_book.training.trainer import (
    Batches,
    History,
    TrainingConfig,
    check_finite,
    count_targets,
    device_of,
    make_optimizer,
    train_step,
    training,
)

METHODS = ("ddp", "fsdp")
FRESH_STORE = "TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1"


class OwnRows:
    """The rows of each batch that fall to one process; all processes together have all rows.

    Args:
        data: Gives every process the same batch for the same number.
        rank: Number of this process, from 0.
        world_size: Number of processes.

    Raises:
        ValueError: A batch has fewer rows than there are processes.
    """

    def __init__(self, data: Batches, rank: int, world_size: int) -> None:
        self.data, self.rank, self.world_size = data, rank, world_size

    def batch(self, step: int) -> Batch:
        """Return this process's rows of a batch."""
        inputs, targets = self.data.batch(step)
        if len(inputs) < self.world_size:
            raise ValueError(f"{len(inputs)} rows are too few for {self.world_size} processes")
        mine = (tensor.tensor_split(self.world_size)[self.rank] for tensor in (inputs, targets))
        inputs, targets = mine
        return inputs, targets


def join() -> torch.device:
    """Meet the processes that torchrun has started; return the device of this one.

    Raises:
        RuntimeError: torchrun has not started this process, or its restarts would fail.
    """
    if not dist.is_torchelastic_launched():
        raise RuntimeError("start this with torchrun --standalone --nproc-per-node 2 -m …")
    shared = os.environ["TORCHELASTIC_USE_AGENT_STORE"] == "True"
    if shared and os.environ["TORCHELASTIC_MAX_RESTARTS"] != "0":
        # The addresses of dead processes would still stand in the store, and be called:
        # https://github.com/pytorch/pytorch/issues/135712
        raise RuntimeError(f"for --max-restarts, write {FRESH_STORE} before torchrun")
    if not torch.cuda.is_available():
        dist.init_process_group("gloo")
        return torch.device("cpu")
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    torch.cuda.set_device(device)
    dist.init_process_group("nccl", device_id=device)
    return device


def distribute(model: nn.Module, method: str) -> nn.Module:
    """Return the model so that the processes average their gradients.

    Args:
        model: The same weights in every process, with its `blocks` in a list.
        method: `"ddp"` keeps all weights in every process, `"fsdp"` a part in each.

    Raises:
        ValueError: The method is neither.
    """
    if method not in METHODS:
        raise ValueError(f"method={method!r} is not one of {', '.join(METHODS)}")
    if method == "ddp":
        return DistributedDataParallel(model, gradient_as_bucket_view=True)
    for block in model.blocks:  # type: ignore[union-attr]
        fully_shard(block)  # gathered before it computes, given up after
    fully_shard(model)  # what is left: embedding, last norm, head
    return model


def accumulating(model: nn.Module, last: bool) -> AbstractContextManager[None]:
    """Keep the gradients here until the last micro-batch of a step."""
    if isinstance(model, FSDPModule):
        model.set_requires_gradient_sync(last)
    elif isinstance(model, DistributedDataParallel) and not last:
        return model.no_sync()
    return nullcontext()


def add_gradients(model: nn.Module, batches: list[Batch], step: int) -> tuple[float, int]:
    """Add up the gradients of one mean over the targets of all batches of all processes.

    Returns:
        The mean loss and the number of targets, the same in every process.
    """
    device, world_size = device_of(model), dist.get_world_size()
    counts = [count_targets(targets) for _, targets in batches]
    n = torch.tensor(sum(counts), device=device)
    dist.all_reduce(n)  # of all processes, for their rows differ in length
    total = torch.zeros((), device=device)
    for number, (inputs, targets) in enumerate(batches):
        with accumulating(model, last=number == len(batches) - 1):
            loss = next_token_loss(model(inputs.to(device)), targets.to(device))
            loss = loss * (counts[number] / n.clamp(min=1))
            (loss * world_size).backward()  # the average will divide by it
        total += loss.detach()
    dist.all_reduce(total)
    check_finite("loss", total.item(), step)  # in all processes or in none
    return total.item(), int(n)


def clip_gradients(model: nn.Module, longest: float) -> float:
    """Shorten the gradient of all processes together, and return its length before."""
    norm = nn.utils.clip_grad_norm_(model.parameters(), longest)
    if isinstance(norm, DTensor):
        norm = norm.full_tensor()  # the number in it, the same in every process
    return norm.item()


def train(
    model: nn.Module,
    data: Batches,
    config: TrainingConfig,
    optimizer: torch.optim.Optimizer,
    history: History,
    on_step: Callable[[History], Any] | None = None,
) -> History:
    """Train from step `history.step` on, as the trainer does in one process.

    Args:
        model: What `distribute` returned.
        data: The same in every process; each computes its own rows.
        config: As for one process.
        optimizer: Made from the distributed model.
        history: Is extended in place, the same in every process.
        on_step: Called with the history after each step, in every process.
    """
    rank, world_size = dist.get_rank(), dist.get_world_size()
    rows = OwnRows(data, rank, world_size)
    bar = tqdm(total=config.n_steps, initial=history.step, disable=True if rank else None)
    with bar, training(model):
        for step in range(history.step, config.n_steps):
            torch.manual_seed(step * world_size + rank)  # dropout: other rows, other draws
            start = time.perf_counter()
            n_targets = train_step(
                model,
                rows,
                config,
                optimizer,
                history,
                add_gradients=add_gradients,
                clip_gradients=clip_gradients,
            )
            history.tokens_per_second.append(n_targets / (time.perf_counter() - start))
            bar.set_postfix(loss=f"{history.losses[-1]:.3f}", refresh=False)
            bar.update()
            if on_step:
                on_step(history)
    return history


def named_tensors(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return weights and optimizer state by name; with FSDP, this process's parts of them."""
    get_optimizer_state_dict(model, optimizer)  # gives a new optimizer its moments
    tensors = {}
    for name, parameter in model.named_parameters():
        name = name.removeprefix("module.")  # which DDP puts before it
        tensors[f"model.{name}"] = parameter.detach()
        for key, value in optimizer.state[parameter].items():
            tensors[f"optimizer.{name}.{key}"] = value
    return tensors


@contextmanager
def one_line(kind: type[Exception], what: str) -> Iterator[None]:
    """Raise in all processes, as an error of this kind, what went wrong in one of them.

    PyTorch's own error has a traceback of each, and is no `Exception`.
    """
    try:
        yield
    except dcp.CheckpointException as error:
        (reason, _), *_ = error.failures.values()
        raise kind(f"{what}: {reason}") from error


def save(
    folder: str | Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    history: History,
    *,
    keep: int = 2,
) -> None:
    """Write a checkpoint, every process its own files, and then give it its name.

    Args:
        folder: Seen by all processes; it gets a folder `step-…` and keeps the last `keep`.
        model: What `distribute` returned.
        optimizer: Made from it.
        history: Says how many steps are done.
        keep: How many checkpoints stay.

    Raises:
        ValueError: `keep` is below 1.
        OSError: The disk is full or fails; the older checkpoints stay.
    """
    check_keep(keep)
    first = dist.get_rank() == 0
    path = checkpoint_path(Path(folder), history.step)
    if first:
        sweep(path.parent)
    with new_folder(path) if first else nullcontext(unfinished_name(path)) as unfinished:
        dist.barrier()  # now the folder is there
        writer = dcp.HuggingFaceStorageWriter(str(unfinished), save_distributed=True)
        with one_line(OSError, f"step {history.step} was not saved"):
            dcp.save(named_tensors(model, optimizer), storage_writer=writer)  # waits for all
        if first:  # which renames the folder on leaving
            (unfinished / "history.json").write_text(json.dumps(history.to_dict()), "utf-8")
    if first:
        drop_older(path.parent, keep)
    dist.barrier()  # no process goes on before the checkpoint counts


def load(folder: str | Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> History:
    """Read the newest checkpoint into model and optimizer, in any number of processes.

    Raises:
        FileNotFoundError: There is no checkpoint in the folder.
        ValueError: It is damaged, or that of another model.
    """
    found = checkpoints(folder)
    if not found:
        raise FileNotFoundError(f"there is no checkpoint in {folder}")
    reader = dcp.HuggingFaceStorageReader(str(found[-1]))
    with one_line(ValueError, f"{found[-1]} does not fit this model"):
        dcp.load(named_tensors(model, optimizer), storage_reader=reader)  # in place
    return History.from_dict(json.loads((found[-1] / "history.json").read_text("utf-8")))


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="torchrun --standalone --nproc-per-node 2 -m llm_book.training.distributed",
        description="Train a small GPT on stories with several processes.",
        epilog=f"With --max-restarts 3 after torchrun and {FRESH_STORE} before it, a run whose "
        "process dies goes on from its last checkpoint.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--method", choices=METHODS, default="ddp", help="all weights, or parts")
    parser.add_argument("--folder", default="runs/distributed", help="of the checkpoints")
    parser.add_argument("--language", choices=LANGUAGES, default="en", help="of the stories")
    for name, default, what in (
        ("steps", 200, "updates of the weights"),
        ("save-every", 50, "steps from one checkpoint to the next"),
        ("batch-size", 16, "stories of a batch, of all processes together"),
        ("accumulate", 1, "batches of a step"),
        ("vocab-size", 1000, "tokens of the vocabulary, at least 257"),
        ("layers", 2, "blocks of the model"),
        ("dim", 128, "width of the model"),
        ("heads", 4, "heads of a block"),
    ):
        parser.add_argument(f"--{name}", type=int, default=default, help=what)
    parser.add_argument("--learning-rate", type=float, default=3e-3, help="highest of the run")
    return parser.parse_args(arguments)


def run(arguments: argparse.Namespace) -> History:
    """Train, from the newest checkpoint in the folder if there is one."""
    if arguments.save_every < 1:
        raise ValueError(f"save_every={arguments.save_every}, expected at least 1")
    device = join()
    grammar = StoryGrammar(arguments.language)  # the same stories in every process
    tokenizer = train_bpe(grammar.sample(500), arguments.vocab_size, special_tokens=(END,))
    config = GPT2Config(
        vocab_size=tokenizer.vocab_size,
        context_length=1024,
        dim=arguments.dim,
        n_layers=arguments.layers,
        n_heads=arguments.heads,
    )
    torch.manual_seed(0)  # and the same weights
    model = distribute(GPT2(config).to(device), arguments.method)
    settings = TrainingConfig(
        n_steps=arguments.steps,
        learning_rate=arguments.learning_rate,
        accumulate=arguments.accumulate,
    )
    optimizer = make_optimizer(model, settings)
    resuming = checkpoints(arguments.folder)
    history = load(arguments.folder, model, optimizer) if resuming else History()

    def save_sometimes(history: History) -> None:
        if history.step % arguments.save_every == 0 or history.step == arguments.steps:
            save(arguments.folder, model, optimizer, history)

    data = StoryBatches(grammar, tokenizer, arguments.batch_size)
    return train(model, data, settings, optimizer, history, save_sometimes)


def main() -> None:
    """Run the command line in one of the processes."""
    arguments = parse()
    try:
        history = run(arguments)
        if dist.get_rank() == 0:
            print(f"loss {history.losses[-1]:.3f} after {history.step} steps")
    except (ValueError, OSError, RuntimeError, FloatingPointError) as error:
        print(f"llm_book.training.distributed: {error}", file=sys.stderr)
        sys.exit(2)
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()


if __name__ == "__main__":
    main()
