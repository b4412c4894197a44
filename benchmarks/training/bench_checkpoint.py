"""Kill runs while they save, and time saving and loading."""

import os
import random
import shutil
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_all_start_methods, get_context, parent_process
from pathlib import Path

import pytest
import torch
from tqdm import tqdm

from llm_book.models.causal_lm import count_parameters
from llm_book.models.gpt2 import GPT2, GPT2_124M
from llm_book.training.checkpoint import checkpoints, flush, load_checkpoint, save_checkpoint
from llm_book.training.trainer import History, TrainingConfig, make_optimizer

ANNOUNCED = "announced"  # beside the checkpoints: the steps that were complete, one a line


def build(model):
    """Return a model and an optimizer that has done a step."""
    optimizer = make_optimizer(model, TrainingConfig(n_steps=1))
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    return model, optimizer


def build_small():
    """Return few parameters in few tensors: what is killed is the saving, not the model."""
    return build(torch.nn.Linear(256, 256))


def numbers(model, optimizer):
    """Return every tensor that a checkpoint holds."""
    states = (optimizer.state[parameter] for parameter in model.parameters())
    memory = [entries[key] for entries in states for key in sorted(entries)]
    return [*model.state_dict().values(), *memory]


def history_of(step):
    history = History()
    history.losses += [0.0] * step
    return history


def save_whole(folder, model, optimizer, step):
    save_checkpoint(folder, model, optimizer, history_of(step))


def load_whole(folder, model, optimizer):
    return load_checkpoint(folder, model, optimizer).step


def save_over(folder, model, optimizer, step):
    """Save as many programs do: over the last checkpoint."""
    content = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step}
    torch.save(content, folder / "checkpoint.pt")


def load_over(folder, model, optimizer):
    content = torch.load(folder / "checkpoint.pt", weights_only=True)
    model.load_state_dict(content["model"])
    optimizer.load_state_dict(content["optimizer"])
    return content["step"]


WAYS = {"whole": (save_whole, load_whole), "over": (save_over, load_over)}


def last_announced(folder):
    """Return the last step that was announced complete, and the seconds that saving it took."""
    file = folder / ANNOUNCED
    lines = file.read_text().splitlines() if file.exists() else []
    step, seconds = lines[-1].split() if lines else (0, 0)
    return int(step), float(seconds)


@torch.no_grad()
def save_forever(folder, way):
    """Save one checkpoint after the other; in that of step n, every number is n."""
    torch.set_num_threads(1)
    save, load = WAYS[way]
    model, optimizer = build_small()
    step = load(folder, model, optimizer) if last_announced(folder)[0] else 0
    announced = os.open(folder / ANNOUNCED, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    while parent_process().is_alive():  # else it would go on after Ctrl+C
        step += 1
        for tensor in numbers(model, optimizer):
            tensor.fill_(step)
        start = time.perf_counter()
        save(folder, model, optimizer, step)
        os.write(announced, f"{step} {time.perf_counter() - start}\n".encode())


def kill(process, folder, chance):
    """Let a run save a checkpoint, and kill it at a random moment of the next two."""
    before, _ = last_announced(folder)
    process.start()
    while process.is_alive() and last_announced(folder)[0] == before:
        time.sleep(0.001)
    assert process.is_alive(), "the run ended before it was killed"
    time.sleep(chance.uniform(0, 2 * last_announced(folder)[1]))
    process.kill()
    process.join()
    process.close()


def survive_kills(folder, n_kills, way="whole", seed=0):
    """Kill a run again and again, and load its newest checkpoint each time.

    A checkpoint is lost if none loads, if what loads is older than the last that was
    announced complete, or if it mixes the numbers of several steps.
    """
    # The fork server imports once what its children need, so that they start in milliseconds.
    method = "forkserver" if "forkserver" in get_all_start_methods() else "spawn"
    context = get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload(["torch._dynamo", __name__])
    chance, (model, optimizer) = random.Random(seed), build_small()
    report = {"kills": n_kills, "while_writing": 0, "lost": 0}
    for _ in tqdm(range(n_kills), way, leave=False, disable=None):
        kill(context.Process(target=save_forever, args=(folder, way), daemon=True), folder, chance)
        report["while_writing"] += any(folder.glob("*.tmp"))
        try:
            step = WAYS[way][1](folder, model, optimizer)
            whole = all(bool((tensor == step).all()) for tensor in numbers(model, optimizer))
        except Exception:
            step, whole = -1, False
        if not whole or step < last_announced(folder)[0]:
            report["lost"] += 1
            shutil.rmtree(folder)  # begin again from nothing
            folder.mkdir()
    return report


@pytest.fixture
def parts():
    return build_small()


def bench_save(benchmark, parts, tmp_path):
    steps = iter(range(1_000_000))
    path = benchmark(lambda: save_checkpoint(tmp_path, *parts, history_of(next(steps)), keep=1))
    assert path == checkpoints(tmp_path)[-1]


def bench_load(benchmark, parts, tmp_path):
    save_checkpoint(tmp_path, *parts, history_of(3))
    assert benchmark(lambda: load_checkpoint(tmp_path, *parts)).step == 3


def save_and_flush(folder, model, optimizer, step):
    save_over(folder, model, optimizer, step)
    flush(folder / "checkpoint.pt")


def costs(rounds=3):
    """Time a checkpoint of GPT-2 124M beside `torch.save` of the same, both to the disk."""
    model, optimizer = build(GPT2(GPT2_124M))
    times = {name: [] for name in ("save", "torch_save", "load", "torch_load")}
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as place:
        folder = Path(place)
        for step in range(1, rounds + 1):
            for name, function, *arguments in (
                ("save", save_whole, step),
                ("torch_save", save_and_flush, step),
                ("load", load_whole),
                ("torch_load", load_over),
            ):
                start = time.perf_counter()
                function(folder, model, optimizer, *arguments)
                times[name].append(time.perf_counter() - start)
        files = {file.name: file.stat().st_size for file in checkpoints(folder)[-1].iterdir()}
    medians = {f"{name}_seconds": statistics.median(values) for name, values in times.items()}
    n_parameters = count_parameters(model)
    return {
        "model": "GPT-2 124M, float32",
        "parameters": n_parameters,
        "bytes": files,
        "bytes_per_parameter": sum(files.values()) / n_parameters,
        **medians,
    }


def kill_many(n_kills, way, n_folders=4):
    """Divide the kills over several folders; waiting for the disk is most of the work."""
    with (
        tempfile.TemporaryDirectory(dir=Path.cwd()) as place,
        ThreadPoolExecutor(n_folders) as pool,
    ):
        folders = [Path(place) / str(number) for number in range(n_folders)]
        for folder in folders:
            folder.mkdir()
        jobs = (folders, [n_kills // n_folders] * n_folders, [way] * n_folders)
        reports = list(pool.map(survive_kills, *jobs, range(n_folders)))
    return {name: sum(report[name] for report in reports) for name in reports[0]}


def measure() -> dict:
    """Kill a thousand runs each way, and time a checkpoint of GPT-2 124M."""
    return {"kills": {way: kill_many(1000, way) for way in WAYS}, "costs": costs()}
