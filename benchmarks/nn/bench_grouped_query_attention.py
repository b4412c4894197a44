"""What shared keys and values save: one step of decoding in a layer as wide as Llama 3.1 8B."""

import itertools
import time
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from llm_book.exercises.nn.grouped_query_attention_solution import attend_one_token
from llm_book.models.causal_lm import count_parameters
from llm_book.nn.grouped_query_attention import GroupedQueryAttention
from llm_book.nn.kv_cache import KVCache
from llm_book.nn.rotary_embedding import RotaryEmbedding

DIM, N_HEADS, HEAD_DIM = 4096, 32, 128
KV_HEADS = (32, 8, 1)
ROWS, LENGTHS = (1, 8), (512, 2048, 8192)


def filled(layer: GroupedQueryAttention, n_rows: int, length: int) -> KVCache:
    """Return a cache that has room for one token more. Zeros would not lie in memory at all."""
    cache = layer.make_cache(n_rows, length)
    cache.keys.fill_(0.01)
    cache.values.fill_(0.01)
    cache.positions.copy_(torch.arange(length).expand(n_rows, -1))
    cache.length = length - 1
    return cache


def timed_step(layer: GroupedQueryAttention, x: Tensor, cache: KVCache) -> tuple[float, float]:
    """Return the seconds of one step, and those of the four projections in it."""
    starts: list[float] = []
    ends: list[float] = []
    projections = (layer.q_proj, layer.k_proj, layer.v_proj, layer.o_proj)
    hooks = [p.register_forward_pre_hook(lambda *_: starts.append(time.perf_counter()))
             for p in projections]  # fmt: skip
    hooks += [p.register_forward_hook(lambda *_: ends.append(time.perf_counter()))
              for p in projections]  # fmt: skip
    position = torch.tensor([cache.length])
    start = time.perf_counter()
    layer(x, position, cache)
    whole = time.perf_counter() - start
    cache.length -= 1  # the next step writes over this token
    for hook in hooks:
        hook.remove()
    return whole, sum(ends) - sum(starts)


def repeated(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Attend after copying every key-value head once for each of its queries."""
    group = queries.shape[1] // keys.shape[2]
    keys, values = (x.transpose(1, 2).repeat_interleave(group, 1) for x in (keys, values))
    return F.scaled_dot_product_attention(queries[:, :, None], keys, values).squeeze(2)


def grouped(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Attend as the layer does."""
    keys, values = keys.transpose(1, 2), values.transpose(1, 2)
    mixed = F.scaled_dot_product_attention(queries[:, :, None], keys, values, enable_gqa=True)
    return mixed.squeeze(2)


WAYS: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "repeated": repeated,
    "enable_gqa": grouped,
    "by_group": attend_one_token,
}


@torch.inference_mode()
def ways(length: int, rounds: int) -> dict[str, float]:
    """Return the milliseconds of three ways to the same attention, 8 key-value heads."""
    queries = torch.randn(1, N_HEADS, HEAD_DIM)
    cache = KVCache(1, length, (8, HEAD_DIM))
    cache.keys.fill_(0.01)
    cache.values.fill_(0.01)
    times: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(rounds + 1):
        for name, way in WAYS.items():
            start = time.perf_counter()
            way(queries, cache.keys, cache.values)
            times[name].append(time.perf_counter() - start)
    return {name: 1000 * min(values[1:]) for name, values in times.items()}


@torch.inference_mode()
def steps(layers: dict[int, GroupedQueryAttention], n_rows: int, length: int, rounds: int) -> list:
    """Time a step with every number of key-value heads, in turns."""
    x = torch.randn(n_rows, 1, DIM)
    caches = {n: filled(layer, n_rows, length) for n, layer in layers.items()}
    times: dict[int, list[tuple[float, float]]] = {n: [] for n in layers}
    for _ in range(rounds + 1):
        for n, layer in layers.items():
            times[n].append(timed_step(layer, x, caches[n]))
    rows = []
    for n, cache in caches.items():
        whole, projections = min(times[n][1:])  # the best step, as other work only slows down
        rows.append(
            {
                "n_kv_heads": n,
                "rows": n_rows,
                "length": length,
                "milliseconds": 1000 * whole,
                "projection_milliseconds": 1000 * projections,
                "cache_bytes": cache.keys.nbytes + cache.values.nbytes,
            }
        )
    return rows


def measure() -> dict:
    """Measure a step for several batches, lengths, and numbers of key-value heads."""
    torch.manual_seed(0)
    rotary = RotaryEmbedding(HEAD_DIM, 500_000.0)
    layers = {n: GroupedQueryAttention(DIM, N_HEADS, n, rotary=rotary).eval() for n in KV_HEADS}
    settings = list(itertools.product(ROWS, LENGTHS))
    rows = []
    for n_rows, length in tqdm(settings, disable=None):
        rows += steps(layers, n_rows, length, rounds=15)
    return {
        "layer": "attention as wide as in Llama 3.1 8B, float32",
        "parameters": {str(n): count_parameters(layer) for n, layer in layers.items()},
        "steps": rows,
        "ways": {"length": 8192, "milliseconds": ways(8192, 15)},
    }


@pytest.mark.parametrize("n_kv_heads", [8, 2, 1])
def bench_step(benchmark, n_kv_heads):
    layer = GroupedQueryAttention(64, 8, n_kv_heads)
    cache, x = filled(layer, 2, 32), torch.randn(2, 1, 64)
    whole, projections = benchmark(timed_step, layer, x, cache)
    assert 0 < projections < whole


@pytest.mark.parametrize("name", WAYS)
def bench_way(benchmark, name):
    queries, keys, values = (
        torch.randn(2, 8, 16),
        torch.randn(2, 9, 2, 16),
        torch.randn(2, 9, 2, 16),
    )
    expected = grouped(queries, keys, values)
    torch.testing.assert_close(benchmark(WAYS[name], queries, keys, values), expected)
