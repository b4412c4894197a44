"""What the KV cache saves, and what it costs: one step of decoding with and without it."""

import statistics
import time

import pytest
import torch
from tqdm import tqdm

from llm_book.exercises.nn.kv_cache_solution import GrowingCache, cache_bytes
from llm_book.generation.generate import stream
from llm_book.models.gpt2 import GPT2, GPT2_124M, GPT2Config
from llm_book.nn.kv_cache import KVCache

SMALL = GPT2Config(vocab_size=500, context_length=128, dim=64, n_layers=2, n_heads=2)
LENGTHS = (16, 64, 128, 256, 512, 1000)


@pytest.mark.parametrize("use_cache", [True, False])
def bench_step(benchmark, use_cache):
    torch.manual_seed(0)
    model, prompt = GPT2(SMALL), torch.randint(500, (1, 96))
    assert len(benchmark(lambda: list(stream(model, prompt, 4, use_cache=use_cache)))) == 4


@pytest.mark.parametrize("window", [None, 32])
def bench_update(benchmark, window):
    token = torch.randn(1, 1, 12, 64)

    def fill():
        cache = KVCache(1, 64, (12, 64), window=window)
        for t in range(64):
            keys, _, _ = cache.update(token, token, torch.tensor([t]))
        return keys

    assert benchmark(fill).shape[1] == (window or 64)


def steps(model, length, n_steps, *, use_cache):
    """Return the median milliseconds of a step whose row has about `length` tokens."""
    prompt = torch.randint(50_000, (1, length - n_steps // 2))
    times, before = [], time.perf_counter()
    for _ in stream(model, prompt, n_steps + 1, use_cache=use_cache):
        times.append(time.perf_counter() - before)
        before = time.perf_counter()
    return 1000 * statistics.median(times[1:])  # the first step reads the prompt


@torch.inference_mode()
def updates(length, rounds=5):
    """Microseconds to store token number `length`, in memory taken once and in new memory."""
    token, position = torch.randn(1, 1, 12, 64), torch.full((1, 1), length - 1)
    past = torch.randn(1, length - 1, 12, 64), torch.arange(length - 1).expand(1, -1)
    times = {"taken once": [], "new for every token": []}
    for _ in range(rounds * 20):
        for name, cache in (("taken once", KVCache(1, length, (12, 64))),
                            ("new for every token", GrowingCache())):  # fmt: skip
            cache.update(past[0], past[0], past[1])
            start = time.perf_counter()
            cache.update(token, token, position)
            times[name].append(time.perf_counter() - start)
    return {name: 1e6 * statistics.median(values) for name, values in times.items()}


def measure() -> dict:
    """Measure a step of GPT-2 124M at several lengths, and the bytes that the cache takes."""
    torch.manual_seed(0)
    model = GPT2(GPT2_124M).eval()
    rows = []
    for length in tqdm(LENGTHS, "lengths", leave=False, disable=None):
        # In turns, so that both see the same machine; the best, as other work only slows down.
        pairs = [
            (
                steps(model, length, 16, use_cache=True),
                steps(model, length, 2, use_cache=False),
            )
            for _ in range(3)
        ]
        cached, uncached = (min(times) for times in zip(*pairs, strict=True))
        cache = model.make_cache(1, length)
        rows.append(
            {
                "length": length,
                "cached_milliseconds": cached,
                "uncached_milliseconds": uncached,
                "ratio": uncached / cached,
                "cache_bytes": sum(memory.keys.nbytes + memory.values.nbytes for memory in cache),
                "cache_bytes_by_formula": cache_bytes(12, 12, 64, length),
                "store_microseconds": updates(length),
            }
        )
    return {"model": "GPT-2 124M, float32, one row", "steps": rows}
