"""What each of the two processes of test_distributed.py runs; the first one writes the results."""

import sys
from pathlib import Path

import torch
import torch.distributed as dist
from torch.distributed.tensor import DTensor

from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.training.distributed import OwnRows, distribute, join, load, save, train
from llm_book.training.loss import IGNORED
from llm_book.training.trainer import History, TrainingConfig, make_optimizer

CONFIG = GPT2Config(vocab_size=50, context_length=12, dim=16, n_layers=2, n_heads=2)
CASES = {
    f"{method}, {accumulate} micro-batches": (method, accumulate)
    for method in ("ddp", "fsdp")
    for accumulate in (1, 3)
}


class RandomTokens:
    """Batches that depend on their number alone."""

    def __init__(self, n_rows: int = 5) -> None:
        self.n_rows = n_rows

    def batch(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Draw a batch."""
        generator = torch.Generator().manual_seed(step)
        windows = torch.randint(50, (self.n_rows, 13), generator=generator)
        targets = windows[:, 1:].clone()
        targets[0, : 3 + step % 9] = IGNORED  # the processes have unequal numbers of targets
        return windows[:, :-1], targets


def settings(accumulate: int, n_steps: int = 6) -> TrainingConfig:
    """Clip nearly every step: the gradient's norm is above 1."""
    return TrainingConfig(
        n_steps=n_steps, learning_rate=3e-3, warmup_steps=2, clip_norm=0.5, accumulate=accumulate
    )


def start(method: str | None, config: TrainingConfig):
    """Make the same model in every process, and its optimizer."""
    torch.manual_seed(0)
    model = GPT2(CONFIG)
    if method:
        model = distribute(model, method)
    return model, make_optimizer(model, config)


def whole(tensor):
    """Put the parts of a tensor together; every process must ask."""
    tensor = tensor.detach()
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor.clone()


def weights(model) -> dict[str, torch.Tensor]:
    """Return all weights, whole and without DDP's prefix."""
    return {n.removeprefix("module."): whole(p) for n, p in model.named_parameters()}


def run_case(folder: Path, method: str, accumulate: int) -> dict:
    """Train six steps with a checkpoint after three; train the last three again from it."""
    config = settings(accumulate)
    model, optimizer = start(method, config)

    def on_step(history: History) -> None:
        if history.step in (1, 2, 3):
            save(folder, model, optimizer, history, keep=2)

    history = train(model, RandomTokens(), config, optimizer, History(), on_step)
    again, its_optimizer = start(method, config)
    with torch.no_grad():
        for parameter in again.parameters():
            parameter.zero_()
    its_history = load(folder, again, its_optimizer)
    resumed_at = its_history.step
    its_history = train(again, RandomTokens(), config, its_optimizer, its_history)
    return {
        "history": history.to_dict(),
        "weights": weights(model),
        "resumed at": resumed_at,
        "resumed": its_history.to_dict(),
        "resumed weights": weights(again),
        "local numbers": sum(
            (p.to_local() if isinstance(p, DTensor) else p).numel() for p in model.parameters()
        ),
    }


def raised(function) -> str:
    """Return the message of the error that a call raises."""
    try:
        function()
    except (ValueError, FloatingPointError) as error:
        return str(error)
    return ""


def not_a_number(method: str) -> str:
    """Return what the step says if the weights of one process alone are broken."""
    config = settings(1)
    model, optimizer = start(method, config)
    with torch.no_grad():
        parameter = next(model.parameters())
        own = parameter.to_local() if isinstance(parameter, DTensor) else parameter
        if dist.get_rank() == 1:
            own.fill_(torch.nan)
    return raised(lambda: train(model, RandomTokens(), config, optimizer, History()))


def main() -> None:
    """Run everything in one launch, which is what takes long."""
    torch.set_num_threads(1)
    folder = Path(sys.argv[1])
    join()
    rank, world_size = dist.get_rank(), dist.get_world_size()
    found = {name: run_case(folder / name, *case) for name, case in CASES.items()}
    rows = [None] * world_size
    dist.all_gather_object(rows, OwnRows(RandomTokens(), rank, world_size).batch(7))
    found["rows"] = rows
    errors = [None] * world_size
    mine = {method: not_a_number(method) for method in ("ddp", "fsdp")}
    dist.all_gather_object(errors, mine)
    found["errors"] = errors
    if rank == 0:
        torch.save(found, folder / "found.pt")
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
