import pytest
import torch
from torch.testing import assert_close

from llm_book.nn.kv_cache import KVCache


def test_the_cache_of_gpt2_at_its_full_context_takes_75_million_bytes(exercise):
    assert exercise.cache_bytes(12, 12, 64, 1024) == 75_497_472


@pytest.mark.parametrize("window", [None, 5, 50])
def test_the_formula_gives_the_bytes_of_real_caches(exercise, window):
    caches = [KVCache(2, 20, (4, 8), window=window, dtype=torch.bfloat16) for _ in range(3)]
    real = sum(cache.keys.nbytes + cache.values.nbytes for cache in caches)
    sizes = {"batch_size": 2, "bytes_per_number": 2, "window": window}
    assert exercise.cache_bytes(3, 4, 8, 20, **sizes) == real


def test_a_growing_cache_returns_what_the_preallocated_one_does(exercise):
    torch.manual_seed(0)
    ours, book = exercise.GrowingCache(), KVCache(2, 9, (4, 8))
    start = 0
    for n_new in (4, 1, 3, 1):
        chunk = torch.randn(2, n_new, 4, 8)
        positions = torch.arange(start, start + n_new).expand(2, n_new)
        start += n_new
        expected = book.update(chunk, -chunk, positions)
        for mine, theirs in zip(ours.update(chunk, -chunk, positions), expected, strict=True):
            assert_close(mine, theirs, rtol=0, atol=0)
