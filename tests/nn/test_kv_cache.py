import pytest
import torch
from torch.testing import assert_close

from llm_book.nn.kv_cache import KVCache
from llm_book.nn.self_attention import CausalSelfAttention

B, T, C, D = 2, 11, 12, 8
SPLITS = [[11], [1] * 11, [5, 1, 1, 1, 1, 1, 1], [3, 4, 4], [1, 6, 4], [9, 2], [2, 9], [4, 0, 7]]


@pytest.fixture
def x():
    torch.manual_seed(0)
    return torch.randn(B, T, C)


def make(window=None):
    torch.manual_seed(1)
    return CausalSelfAttention(C, D, window=window)


def in_chunks(layer, x, positions, cache, sizes):
    """Run the layer over consecutive chunks and join what it returns."""
    chunks = zip(x.split(sizes, 1), positions.split(sizes, -1), strict=True)
    return torch.cat([layer(part, where, cache) for part, where in chunks], 1)


@pytest.mark.parametrize("window", [None, 1, 2, 3, 5, 10, 11, 50])
@pytest.mark.parametrize("sizes", SPLITS, ids=str)
def test_chunks_through_a_cache_equal_one_pass(x, sizes, window):
    layer, positions = make(window), torch.arange(T)
    cache = KVCache(B, T, (D,), window=window)
    expected = layer(x, positions)
    assert_close(in_chunks(layer, x, positions, cache, sizes), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("window", [None, 3, 6])
@pytest.mark.parametrize("sizes", SPLITS, ids=str)
def test_rows_padded_on_the_left_equal_the_rows_alone(x, sizes, window):
    layer = make(window)
    positions = torch.stack((torch.arange(T), torch.arange(T) - 4))
    cache = KVCache(B, T, (D,), window=window)
    out = in_chunks(layer, x, positions, cache, sizes)
    assert out.isfinite().all()
    assert_close(out[:1], layer(x[:1], torch.arange(T)), rtol=1e-5, atol=1e-6)
    alone = layer(x[1:, 4:], torch.arange(T - 4))
    assert_close(out[1:, 4:], alone, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("window", [None, 4])
def test_two_caches_do_not_disturb_each_other(x, window):
    layer, positions = make(window), torch.arange(T)
    first, second = (KVCache(B, T, (D,), window=window) for _ in range(2))
    other = -x
    outs = [
        (layer(x[:, t : t + 1], positions[t : t + 1], first),
         layer(other[:, t : t + 1], positions[t : t + 1], second))
        for t in range(T)
    ]  # fmt: skip
    for out, inputs in zip(zip(*outs, strict=True), (x, other), strict=True):
        expected = layer(inputs, positions)
        assert_close(torch.cat(out, 1), expected, rtol=1e-5, atol=1e-6)


def test_update_returns_what_was_stored_with_its_positions():
    cache = KVCache(1, 4, (1,))
    for t in range(3):
        keys, values, positions = cache.update(
            torch.full((1, 1, 1), float(t)), torch.full((1, 1, 1), 10.0 * t), torch.tensor([t])
        )
    assert keys.flatten().tolist() == [0, 1, 2]
    assert values.flatten().tolist() == [0, 10, 20]
    assert positions.tolist() == [[0, 1, 2]]
    assert cache.length == 3


def test_a_ring_keeps_absolute_positions():
    cache = KVCache(1, 100, (1,), window=3)
    for t in range(8):
        keys, _, positions = cache.update(
            torch.full((1, 1, 1), float(t)), torch.zeros(1, 1, 1), torch.tensor([t])
        )
    assert sorted(positions.flatten().tolist()) == [5, 6, 7]
    assert positions.flatten().tolist() == keys.flatten().tolist()


def test_the_memory_is_taken_once():
    cache = KVCache(B, T, (3, D))
    where = cache.keys.data_ptr(), cache.values.data_ptr()
    for t in range(T):
        cache.update(torch.ones(B, 1, 3, D), torch.ones(B, 1, 3, D), torch.tensor([t]))
    assert (cache.keys.data_ptr(), cache.values.data_ptr()) == where


@pytest.mark.parametrize("n_new", [1, 4])
def test_what_fits_is_returned_without_a_copy(n_new):
    cache = KVCache(B, T, (3, D))
    keys, values, _ = cache.update(
        torch.ones(B, n_new, 3, D), torch.ones(B, n_new, 3, D), torch.arange(n_new)
    )
    assert keys.data_ptr() == cache.keys.data_ptr()
    assert values.data_ptr() == cache.values.data_ptr()


def test_a_window_needs_the_memory_of_a_window_only():
    assert KVCache(1, 1000, (2, D), window=16).keys.nbytes == 16 * 2 * D * 4
    assert KVCache(1, 10, (2, D), window=16).keys.nbytes == 10 * 2 * D * 4


def test_the_tokens_of_a_head_lie_together_in_memory():
    cache = KVCache(B, T, (3, D))
    assert cache.keys.shape == (B, T, 3, D)
    assert all(memory[1, :, 2].is_contiguous() for memory in (cache.keys, cache.values))


@pytest.mark.parametrize(
    ("dtype", "expected"), [(torch.float32, 2 * 12 * 64 * 4), (torch.bfloat16, 2 * 12 * 64 * 2)]
)
def test_bytes_per_token_of_a_layer_of_gpt2(dtype, expected):
    assert KVCache(3, 7, (12, 64), dtype=dtype).bytes_per_token == expected


def test_keys_and_values_may_differ_in_shape():
    cache = KVCache(B, T, (1, 5), (1, 3))
    assert cache.bytes_per_token == 8 * 4
    keys, values, _ = cache.update(torch.ones(B, 2, 1, 5), torch.ones(B, 2, 1, 3), torch.arange(2))
    assert keys.shape == (B, 2, 1, 5)
    assert values.shape == (B, 2, 1, 3)


def test_a_cache_of_another_batch_size_is_an_error(x):
    cache = KVCache(3, T, (D,))
    with pytest.raises(ValueError, match="made for batches of 3, got 2"):
        make()(x, torch.arange(T), cache)


@pytest.mark.parametrize("window", [None, 4])
def test_a_full_cache_is_an_error_and_stays_as_it_was(x, window):
    layer, cache = make(window), KVCache(B, T, (D,), window=window)
    layer(x[:, :9], torch.arange(9), cache)
    with pytest.raises(ValueError, match="holds 11 tokens: 9 are in it and 3 more do not fit"):
        layer(x[:, :3], torch.arange(9, 12), cache)
    assert cache.length == 9
    assert_close(
        layer(x[:, 9:], torch.arange(9, 11), cache), layer(x, torch.arange(T))[:, 9:],
        rtol=1e-5, atol=1e-6,
    )  # fmt: skip


def test_another_width_is_an_error(x):
    with pytest.raises(ValueError, match=r"keys of shape \(5,\) in torch.float32, got \(8,\)"):
        make()(x, torch.arange(T), KVCache(B, T, (5,)))


def test_another_dtype_is_an_error(x):
    with pytest.raises(ValueError, match=r"in torch.bfloat16, got .* in torch.float32"):
        make()(x, torch.arange(T), KVCache(B, T, (D,), dtype=torch.bfloat16))


@pytest.mark.parametrize(
    ("batch_size", "max_length", "window"), [(0, 4, None), (1, 0, None), (1, 4, 0)]
)
def test_sizes_below_one_are_errors(batch_size, max_length, window):
    with pytest.raises(ValueError, match="sizes must be at least 1"):
        KVCache(batch_size, max_length, (D,), window=window)


@pytest.mark.parametrize(
    ("n_values", "positions", "message"),
    [
        (2, torch.arange(3), r"positions have shape \(3,\), expected \(2,\) or \(1, 2\)"),
        (2, torch.zeros(2, 2), r"positions have shape \(2, 2\), expected \(2,\) or \(1, 2\)"),
        (3, torch.arange(2), "keys of 2 tokens, but values of 3"),
    ],
)
def test_lengths_that_differ_are_errors_and_store_nothing(n_values, positions, message):
    cache = KVCache(1, 4, (D,))
    with pytest.raises(ValueError, match=message):
        cache.update(torch.ones(1, 2, D), torch.ones(1, n_values, D), positions)
    assert cache.length == 0
    assert not cache.keys.any()
