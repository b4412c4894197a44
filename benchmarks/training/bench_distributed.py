"""One process against two: the same losses, the time of a step, the bytes, and a restart.

The two processes run this file as a script, started by torchrun.
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from torch.distributed.tensor import DTensor

from llm_book.exercises.training.distributed_solution import ring_all_reduce
from llm_book.models.causal_lm import count_parameters
from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.training import trainer
from llm_book.training.checkpoint import checkpoints
from llm_book.training.distributed import OwnRows, distribute, join, load, save, train
from llm_book.training.loss import next_token_loss

CONFIG = GPT2Config(vocab_size=500, context_length=64, dim=128, n_layers=4, n_heads=4)
BATCH_SIZE, N_STEPS, ROUNDS = 8, 12, 12
RESTART = {"n_steps": 24, "save_every": 10, "dies_after": 17}


@pytest.mark.parametrize("n", [2, 4])
def bench_ring(benchmark, n):
    sums, _ = benchmark(ring_all_reduce, list(torch.ones(n, 1000)))
    assert sums[0][0] == n


class CountingTokens:
    """Rows that count upwards from a random token: easy to learn, and soon learned."""

    def batch(self, step):
        generator = torch.Generator().manual_seed(step)
        first = torch.randint(CONFIG.vocab_size, (BATCH_SIZE, 1), generator=generator)
        rows = (first + torch.arange(CONFIG.context_length + 1)) % CONFIG.vocab_size
        return rows[:, :-1], rows[:, 1:]


def start(method, n_steps=N_STEPS):
    config = trainer.TrainingConfig(n_steps=n_steps, learning_rate=1e-3, warmup_steps=4)
    torch.manual_seed(0)
    model = GPT2(CONFIG)
    model = distribute(model, method) if method else model
    return model, trainer.make_optimizer(model, config), config


def held_bytes(model, optimizer):
    """Bytes of weights, gradients, and moments that lie in this process."""
    parameters = list(model.parameters())
    moments = [t for state in optimizer.state.values() for t in state.values() if t.dim()]
    groups = {"weights": parameters, "gradients": [p.grad for p in parameters], "moments": moments}

    def local(tensor):
        return tensor.to_local() if isinstance(tensor, DTensor) else tensor

    return {name: sum(local(t).nbytes for t in tensors) for name, tensors in groups.items()}


def median_seconds(steps):
    """Median time of each of several steps, run in turns after one round to warm up."""
    times = {name: [] for name in steps}
    for number in range(ROUNDS + 1):
        for name, step in steps.items():
            if dist.is_initialized():
                dist.barrier()
            before = time.perf_counter()
            step(number)
            times[name].append(time.perf_counter() - before)
    return {name: statistics.median(values[1:]) for name, values in times.items()}


def gradient_step(model, optimizer, data, *, talk=True):
    """One step without clipping; `talk=False` leaves out the sum of DDP."""

    def step(number):
        inputs, targets = data.batch(number)
        with nullcontext() if talk else model.no_sync():
            next_token_loss(model(inputs), targets).backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


def compare(folder):
    """What the two processes do after torchrun has started them."""
    rank, world_size = dist.get_rank(), dist.get_world_size()
    rows, found, steps = OwnRows(CountingTokens(), rank, world_size), {}, {}
    for method in ("ddp", "fsdp"):
        model, optimizer, config = start(method)
        history = train(model, CountingTokens(), config, optimizer, trainer.History())
        held = [None] * world_size
        dist.all_gather_object(held, held_bytes(model, optimizer))
        shapes = {n: list(p.to_local().shape) for n, p in model.named_parameters()
                  if isinstance(p, DTensor)}  # fmt: skip
        found[method] = {"losses": history.losses, "bytes": held, "shapes": shapes}
        steps[method] = gradient_step(model, optimizer, rows)
        if method == "ddp":
            steps["ddp, silent"] = gradient_step(model, optimizer, rows, talk=False)
    vector = torch.ones(count_parameters(GPT2(CONFIG)))
    steps["all-reduce"] = lambda number: dist.all_reduce(vector)
    return found | {"seconds": median_seconds(steps)}


def die_once(folder):
    """Train with checkpoints; process 1 is killed once. Returns the losses of both attempts."""
    attempt = int(os.environ["TORCHELASTIC_RESTART_COUNT"])
    model, optimizer, config = start("fsdp", RESTART["n_steps"])
    history = trainer.History()
    if checkpoints(folder):
        history = load(folder, model, optimizer)
    begun = history.step

    def on_step(history):
        if dist.get_rank() == 0:
            seen = {"attempt": attempt, "from": begun, "losses": history.losses[begun:]}
            (folder / f"attempt-{attempt}.json").write_text(json.dumps(seen))
        if history.step % RESTART["save_every"] == 0:
            save(folder, model, optimizer, history)
        dist.barrier()
        if dist.get_rank() == 1 and attempt == 0 and history.step == RESTART["dies_after"]:
            os.kill(os.getpid(), signal.SIGKILL)

    train(model, CountingTokens(), config, optimizer, history, on_step)
    return {"attempts": [json.loads((folder / f"attempt-{n}.json").read_text()) for n in (0, 1)]}


def torchrun(job, folder, *options):
    """Start two processes with one thread each, and return what the first one found."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", "2", *options, __file__, job, str(folder)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path.cwd())}
    environment["TORCH_DISABLE_SHARE_RDZV_TCP_STORE"] = "1"
    subprocess.run(command, env=environment, check=True, timeout=600)
    return json.loads((folder / f"{job}.json").read_text())


def alone():
    """The same training in one process, and its step with one thread and with two."""
    model, optimizer, config = start(None)
    history = trainer.train(model, CountingTokens(), config, optimizer=optimizer)
    found = {"losses": history.losses, "bytes": [held_bytes(model, optimizer)], "seconds": {}}
    step, threads = gradient_step(model, optimizer, CountingTokens()), torch.get_num_threads()

    def with_threads(n):
        def timed(number):
            torch.set_num_threads(n)
            step(number)

        return timed

    found["seconds"] = median_seconds({str(n): with_threads(n) for n in (1, 2)})
    torch.set_num_threads(threads)
    return found


def measure() -> dict:
    """Measure one process, two processes, and a run in which one of two is killed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = {"alone": alone(), "together": torchrun("compare", folder)}
        restart = torchrun("die_once", folder, "--max-restarts", "1")
    model, optimizer, config = start(None, RESTART["n_steps"])
    undisturbed = trainer.train(model, CountingTokens(), config, optimizer=optimizer)
    return found | {
        "n_parameters": count_parameters(model),
        "block_parameters": count_parameters(model.blocks[0]),
        "shapes": {name: list(p.shape) for name, p in model.named_parameters()},
        "restart": RESTART | restart | {"undisturbed": undisturbed.losses},
    }


def work() -> None:
    """Do one job in one of the processes."""
    job, folder = sys.argv[1], Path(sys.argv[2])
    torch.set_num_threads(1)
    join()
    found = {"compare": compare, "die_once": die_once}[job](folder)
    if dist.get_rank() == 0:
        (folder / f"{job}.json").write_text(json.dumps(found))
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    work()
