"""The time and the memory of each way to write multi-head attention."""

import functools
import json
import multiprocessing
import os
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import torch
from torch.nn.attention import SDPBackend
from torch.profiler import ProfilerActivity, profile
from tqdm import tqdm

from llm_book.nn.attention_variants import (
    VARIANTS,
    Variant,
    attend_in_tiles,
    causal_blocks,
    compiled,
    flexible,
    scaled_dot_product,
    torch_module,
)
from llm_book.nn.multi_head_attention import MultiHeadAttention

DIM, N_HEADS = 256, 4
LENGTHS = {256: 15, 512: 15, 1024: 11, 2048: 5, 4096: 3}  # and how often each is timed
LONGEST = 8192  # for memory alone
AT_LONGEST = (
    "fused projections",
    "tiled online",
    "scaled_dot_product_attention",
    "nn.MultiheadAttention",
    "FlexAttention",
    "compiled",
)
TILES = [32, 64, 128, 256, 512, 1024, 2048, 4096]
COMPILER = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
NEED_COMPILER = ("FlexAttention", "compiled")
NO_GRADIENTS = ("FlexAttention",)


def make(length: int) -> tuple[MultiHeadAttention, torch.Tensor]:
    """Return a layer and one row of tokens."""
    torch.manual_seed(0)
    return MultiHeadAttention(DIM, N_HEADS), torch.randn(1, length, DIM)


@contextmanager
def no_fast_path() -> Iterator[None]:
    """Keep nn.MultiheadAttention from the kernel that it prefers in inference."""
    torch.backends.mha.set_fastpath_enabled(False)
    yield
    torch.backends.mha.set_fastpath_enabled(True)


def variants(length: int) -> dict[str, Variant]:
    """Return what is measured: the nine, the backends, and the module without its fast path."""
    chosen = {
        name: variant
        for name, variant in VARIANTS.items()
        if COMPILER is not None or name not in NEED_COMPILER
    }
    if "FlexAttention" in chosen:
        chosen["FlexAttention"] = functools.partial(flexible, blocks=causal_blocks(length))
    for name, backend in (("flash", SDPBackend.FLASH_ATTENTION), ("math", SDPBackend.MATH)):
        chosen[name] = functools.partial(scaled_dot_product, backend=backend)
    chosen["nn.MultiheadAttention, no fast path"] = no_fast_path()(torch_module)
    return chosen


def forward(layer: MultiHeadAttention, x: torch.Tensor, variant: Variant) -> None:
    """Run the variant as a model does that answers."""
    with torch.inference_mode():
        variant(layer.eval(), x)


def forward_backward(layer: MultiHeadAttention, x: torch.Tensor, variant: Variant) -> None:
    """Run the variant as a model does that learns."""
    variant(layer.train(), x).sum().backward()
    layer.zero_grad()


def works(length: int, names: Sequence[str] = ()) -> dict[str, dict[str, Callable]]:
    """Return the calls to measure, by what is done and by variant."""
    layer, x = make(length)
    chosen = variants(length)
    chosen = {name: chosen[name] for name in names or chosen if name in chosen}
    return {
        "forward": {n: functools.partial(forward, layer, x, v) for n, v in chosen.items()},
        "forward_backward": {
            n: functools.partial(forward_backward, layer, x, v)
            for n, v in chosen.items()
            if n not in NO_GRADIENTS
        },
    }


def medians(calls: dict[str, Callable], rounds: int) -> dict[str, float]:
    """Time each call once a round, in turn, after one round that does not count."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds + 1):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values[1:]) for name, values in times.items()}


def peak_bytes(call: Callable) -> int:
    """Return the most bytes that the call has at any time taken from PyTorch's allocator.

    The profiler notes every allocation and every release, also those inside a kernel.
    """
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        call()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "trace.json"
        recorded.export_chrome_trace(str(file))
        events = json.loads(file.read_text("utf-8"))["traceEvents"]
    live = peak = 0
    for event in sorted((e for e in events if e["name"] == "[memory]"), key=lambda e: e["ts"]):
        live += event["args"]["Bytes"]
        peak = max(peak, live)
    return peak


def process_growth(name: str) -> int:
    """Return the bytes by which a fresh process grows in one pass forward and backward."""
    call = works(LONGEST, [name])["forward_backward"][name]
    works(256, [name])["forward_backward"][name]()  # loads the kernels
    process, done = psutil.Process(), threading.Event()
    before = peak = process.memory_info().rss

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.001):
            peak = max(peak, process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    call()
    done.set()
    watcher.join()
    return peak - before


def measure_tiles(length: int, rounds: int) -> dict:
    """Time the tiled attention, without its projections, for tiles of many sizes."""
    torch.manual_seed(0)
    parts = torch.randn(3, 1, N_HEADS, length, DIM // N_HEADS)
    calls = {str(tile): functools.partial(attend_in_tiles, *parts, tile=tile) for tile in TILES}
    with torch.inference_mode():
        return {
            "length": length,
            "seconds": medians(calls, rounds),
            "peak_bytes": {name: peak_bytes(call) for name, call in calls.items()},
        }


def measure() -> dict:
    """Measure time and memory at every length; about four minutes."""
    seconds: dict[str, dict] = {"forward": {}, "forward_backward": {}}
    memory: dict[str, dict] = {"forward": {}, "forward_backward": {}}
    for length in tqdm([*LENGTHS, LONGEST], disable=None):
        torch.compiler.reset()  # a kernel for each length, as in training
        compiled.cache_clear()
        names = AT_LONGEST if length == LONGEST else ()
        for kind, calls in works(length, names).items():
            if length in LENGTHS:
                seconds[kind][length] = medians(calls, LENGTHS[length])
            else:
                for name in set(calls) & set(NEED_COMPILER):
                    calls[name]()  # compiles
            memory[kind][length] = {name: peak_bytes(call) for name, call in calls.items()}
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        names = ("fused projections", "tiled online", "scaled_dot_product_attention")
        growth = dict(zip(names, pool.map(process_growth, names, chunksize=1), strict=True))
    return {
        "dim": DIM,
        "n_heads": N_HEADS,
        "seconds": seconds,
        "peak_bytes": memory,
        "process_growth_bytes": {"length": LONGEST, "forward_backward": growth},
        "tiles": measure_tiles(4096, 5),
    }


@pytest.mark.parametrize("name", [name for name in variants(256) if name not in NEED_COMPILER])
@pytest.mark.parametrize("kind", ["forward", "forward_backward"])
def bench_variant(benchmark, name, kind):
    benchmark(works(256, [name])[kind][name])


@pytest.mark.parametrize("tile", [32, 128, 512])
def bench_tiles(benchmark, tile):
    parts = torch.randn(3, 1, N_HEADS, 512, DIM // N_HEADS)
    assert benchmark(attend_in_tiles, *parts, tile=tile).shape == parts[0].shape


def bench_memory(benchmark):
    """The claim that the page makes at 8,192 tokens, at a length that takes no time."""
    calls = works(1024)["forward"]
    plain, tiled = (peak_bytes(calls[name]) for name in ("fused projections", "tiled online"))
    assert tiled < plain / 4
    benchmark(calls["tiled online"])
