"""The time and the memory of a window: all scores under a mask, and in blocks."""

import time
from collections.abc import Callable

import pytest
import torch
from torch.nn import functional as F
from tqdm import tqdm

from benchmarks.nn.bench_attention_variants import peak_bytes
from llm_book.nn.self_attention import attend, causal_mask
from llm_book.nn.sliding_window import sliding_window_attention

N_HEADS, N_KV_HEADS, HEAD_DIM, WINDOW = 8, 2, 64, 256
LENGTHS = {512: 40, 1024: 30, 2048: 15, 4096: 7, 8192: 5}  # and how often each is timed
WINDOWS = (32, 64, 128, 256, 512, 1024, 2048, 4096)
LONGEST = {"softmax": 4096, "mask": 8192, "causal": 8192, "blocks": 8192}


def heads(length: int) -> list[torch.Tensor]:
    """Return queries, keys, and values of one row."""
    torch.manual_seed(0)
    return [torch.randn(1, length, n, HEAD_DIM) for n in (N_HEADS, N_KV_HEADS, N_KV_HEADS)]


def works(length: int, window: int = WINDOW) -> dict[str, Callable]:
    """Return the ways to attend to a window, and full attention without one."""
    parts, positions = heads(length), torch.arange(length)
    q, k, v = (x.transpose(1, 2) for x in parts)
    group = N_HEADS // N_KV_HEADS

    def softmax():
        mask = causal_mask(positions, positions, window)
        return attend(q, k.repeat_interleave(group, 1), v.repeat_interleave(group, 1), mask)

    def masked():
        mask = causal_mask(positions, positions, window)
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=True)

    return {
        "softmax": softmax,
        "mask": masked,
        "causal": lambda: F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True),
        "blocks": lambda: sliding_window_attention(*parts, positions, window),
    }


def best(calls: dict[str, Callable], rounds: int) -> dict[str, float]:
    """Time each call once a round, in turn; the best, as other work only slows down."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
    return {name: min(values) for name, values in times.items()}


@pytest.mark.parametrize("name", works(64))
def bench_window(benchmark, name):
    assert benchmark(works(64, 16)[name]).numel() == 64 * N_HEADS * HEAD_DIM


@torch.inference_mode()
def measure() -> dict:
    """Measure every way at every length, and blocks of many widths; two minutes."""
    rows = []
    for length, rounds in tqdm(LENGTHS.items(), "lengths", leave=False, disable=None):
        calls = {name: call for name, call in works(length).items() if length <= LONGEST[name]}
        rows.append(
            {
                "length": length,
                "seconds": best(calls, rounds),
                "peak_bytes": {name: peak_bytes(call) for name, call in calls.items()},
            }
        )
    widths = []
    for window in WINDOWS:
        calls = {name: works(4096, window)[name] for name in ("mask", "blocks")}
        widths.append({"window": window, "seconds": best(calls, 5)})
    sizes = {"n_heads": N_HEADS, "n_kv_heads": N_KV_HEADS, "head_dim": HEAD_DIM}
    return sizes | {"window": WINDOW, "lengths": rows, "widths_at_4096": widths}
