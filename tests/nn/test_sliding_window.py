import pytest
import torch
from torch.nn import functional as F
from torch.testing import assert_close
from transformers import MistralConfig
from transformers.models.mistral.modeling_mistral import MistralAttention, MistralRotaryEmbedding

from llm_book.nn.kv_cache import KVCache
from llm_book.nn.rotary_embedding import RotaryEmbedding
from llm_book.nn.self_attention import attend, causal_mask
from llm_book.nn.sliding_window import check_positions, sliding_window_attention

B, T, H, K, D = 3, 23, 6, 2, 8
TOLERANCE = {"rtol": 1e-4, "atol": 1e-5}
WINDOWS = [1, 2, 3, 4, 5, 7, 8, 11, 12, 22, 23, 24, 100]


def heads(n_tokens=T, *, dtype=torch.float32):
    torch.manual_seed(0)
    return [torch.randn(B, n_tokens, n, D, dtype=dtype) for n in (H, K, K)]


def masked(queries, keys, values, positions, window, scale=None):
    """Full attention under a mask: all scores, then most of them hidden."""
    mask = causal_mask(positions, positions, window)
    keys, values = (x.repeat_interleave(H // K, 2).transpose(1, 2) for x in (keys, values))
    factor = 1 if scale is None else scale * D**0.5
    mask = mask if mask.dim() == 2 else mask.unsqueeze(1)
    return attend(factor * queries.transpose(1, 2), keys, values, mask).transpose(1, 2)


def test_worked_by_hand():
    weights, values = torch.tensor([1.0, 2, 1, 3, 1]), torch.tensor([3.0, 6, 9, 12, 15])
    q, k, v = torch.ones(1, 5, 1, 1), weights.log().reshape(1, 5, 1, 1), values.reshape(1, 5, 1, 1)
    out = sliding_window_attention(q, k, v, torch.arange(5), 3)
    assert_close(out.flatten(), torch.tensor([3.0, 5, 6, 9.5, 12]))


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("n_tokens", [1, 2, 5, 12, 23])
def test_blocks_equal_full_attention_under_a_mask(window, n_tokens):
    parts, positions = heads(n_tokens), torch.arange(n_tokens)
    expected = masked(*parts, positions, window)
    assert_close(sliding_window_attention(*parts, positions, window), expected, **TOLERANCE)


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("n_pads", [(0, 4, 9), (1, 23, 22)], ids=str)
@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_is_never_seen_and_gives_no_nan(window, n_pads, side):
    parts, places = heads(), torch.arange(T)
    rows = [places - n for n in n_pads]
    if side == "right":
        rows = [torch.where(places < T - n, places, -1) for n in n_pads]
    positions = torch.stack(rows)
    for x in parts:
        x[positions < 0] = 1e4  # what lies there must not matter
    out = sliding_window_attention(*parts, positions, window)
    assert out.isfinite().all()
    for row, n in enumerate(n_pads):
        real = slice(n, T) if side == "left" else slice(0, T - n)
        alone = [x[row : row + 1, real] for x in parts]
        if n < T:
            expected = masked(*alone, torch.arange(T - n), window)
            assert_close(out[row : row + 1, real], expected, **TOLERANCE)


@pytest.mark.parametrize("window", [3, 8])
def test_positions_decide_and_not_places(window):
    parts = heads()
    positions = torch.arange(T) + 1000
    expected = sliding_window_attention(*parts, torch.arange(T), window)
    assert_close(sliding_window_attention(*parts, positions, window), expected, **TOLERANCE)
    gaps = torch.arange(T) * 2  # half as many tokens in a window
    assert_close(
        sliding_window_attention(*parts, gaps, window), masked(*parts, gaps, window), **TOLERANCE
    )


@pytest.mark.parametrize("window", [1, 4, 9])
def test_nothing_outside_the_window_changes_a_token(window):
    parts, positions, place = heads(), torch.arange(T), 15
    expected = sliding_window_attention(*parts, positions, window)[:, place]
    for x in parts[1:]:
        x[:, : place - window + 1] = torch.randn(B, place - window + 1, K, D)
        x[:, place + 1 :] = torch.randn(B, T - place - 1, K, D)
    changed = sliding_window_attention(*parts, positions, window)
    assert_close(changed[:, place], expected, **TOLERANCE)
    assert not torch.allclose(changed[:, place - 1], expected)


@pytest.mark.parametrize("window", [1, 4, 9])
def test_the_oldest_position_in_the_window_is_seen(window):
    parts, positions, place = heads(), torch.arange(T), 15
    expected = sliding_window_attention(*parts, positions, window)[:, place]
    parts[2][:, place - window + 1] += 1
    changed = sliding_window_attention(*parts, positions, window)[:, place]
    assert not torch.allclose(changed, expected, atol=1e-3)


@pytest.mark.parametrize("window", [4, 9])
def test_gradients_equal_those_of_the_mask(window):
    parts, positions = [x.requires_grad_() for x in heads()], torch.arange(T)
    upstream = torch.randn(B, T, H, D)
    grads = [
        torch.autograd.grad(function(*parts, positions, window), parts, upstream)
        for function in (sliding_window_attention, masked)
    ]
    for ours, expected in zip(*grads, strict=True):
        assert_close(ours, expected, **TOLERANCE)


def test_the_scale_multiplies_the_scores():
    parts, positions = heads(), torch.arange(T)
    ours = sliding_window_attention(*parts, positions, 5, scale=0.9)
    assert_close(ours, masked(*parts, positions, 5, scale=0.9), **TOLERANCE)


@pytest.mark.parametrize("window", [2, 5, 16])
def test_equal_to_mistral(window):
    config = MistralConfig(
        hidden_size=H * D,
        num_attention_heads=H,
        num_key_value_heads=K,
        head_dim=D,
        sliding_window=window,
        attn_implementation="eager",
    )
    torch.manual_seed(0)
    layer, x, positions = (
        MistralAttention(config, 0).eval(),
        torch.randn(B, T, H * D),
        torch.arange(T),
    )
    hidden = ~causal_mask(positions, positions, window)
    mask = torch.zeros(1, 1, T, T).masked_fill(hidden, torch.finfo(x.dtype).min)
    cos_sin = MistralRotaryEmbedding(config)(x, positions.expand(B, T))
    rotary = RotaryEmbedding(D)
    with torch.no_grad():
        expected = layer(x, cos_sin, mask)[0]
        q, k, v = (
            proj(x).unflatten(-1, (-1, D)) for proj in (layer.q_proj, layer.k_proj, layer.v_proj)
        )
        mixed = sliding_window_attention(
            rotary(q, positions), rotary(k, positions), v, positions, window
        )
        assert_close(layer.o_proj(mixed.flatten(-2)), expected, **TOLERANCE)


@pytest.mark.parametrize("window", [3, 8])
@pytest.mark.parametrize("n_prompt", [2, 8, 19])
def test_a_prompt_in_blocks_and_then_a_ring_equal_one_pass(window, n_prompt):
    (queries, keys, values), positions = heads(), torch.arange(T)
    expected = masked(queries, keys, values, positions, window)
    cache = KVCache(B, T, (K, D), window=window)
    cache.update(keys[:, :n_prompt], values[:, :n_prompt], positions[:n_prompt])
    parts = [x[:, :n_prompt] for x in (queries, keys, values)]
    outs = [sliding_window_attention(*parts, positions[:n_prompt], window)]
    for t in range(n_prompt, T):
        one = slice(t, t + 1)
        k, v, where = cache.update(keys[:, one], values[:, one], positions[one])
        mask = causal_mask(positions[one].expand(B, 1), where, window).unsqueeze(1)
        q, k, v = (x.transpose(1, 2) for x in (queries[:, one], k, v))
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=True)
        outs.append(out.transpose(1, 2))
    assert_close(torch.cat(outs, 1), expected, **TOLERANCE)


def test_no_tensor_grows_with_the_square_of_the_length():
    window, largest = 8, []

    class Watch(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            out = function(*args, **(kwargs or {}))
            tensors = out if isinstance(out, tuple) else (out,)
            sizes = [x.numel() for x in tensors if isinstance(x, torch.Tensor)]
            largest.append(max(sizes, default=0))
            return out

    for n_tokens in (256, 1024):
        torch.manual_seed(0)
        parts = [torch.randn(1, n_tokens, 1, 2) for _ in range(3)]
        largest.clear()
        with Watch():
            sliding_window_attention(*parts, torch.arange(n_tokens), window)
        assert max(largest) <= 2 * window * n_tokens


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_the_dtype_is_kept(dtype):
    parts, positions = heads(dtype=dtype), torch.arange(T)
    out = sliding_window_attention(*parts, positions, 5)
    assert out.dtype == dtype
    expected = masked(*(x.double() for x in parts), positions, 5)
    tolerance = 1e-9 if dtype == torch.float64 else 3e-2
    assert_close(out.double(), expected, rtol=tolerance, atol=tolerance)


def test_no_tokens_give_nothing():
    parts = heads(0)
    assert sliding_window_attention(*parts, torch.arange(0), 4).shape == (B, 0, H, D)


@pytest.mark.parametrize("window", [0, -3])
def test_a_window_of_nothing_is_an_error(window):
    with pytest.raises(ValueError, match=f"window={window}, expected at least 1"):
        sliding_window_attention(*heads(), torch.arange(T), window)


@pytest.mark.parametrize(
    "positions", [[0, 1, 2, 0, 1], [0, 1, 1, 2, 3], [0, 1, -1, 2, 3], [4, 3, 2, 1, 0]], ids=str
)
def test_positions_that_do_not_grow_with_the_places_are_an_error(positions):
    parts, rows = heads(5), torch.tensor([list(range(5)), positions, list(range(5))])
    with pytest.raises(ValueError, match="positions must grow by at least 1"):
        sliding_window_attention(*parts, rows, 2)


@pytest.mark.parametrize(
    "positions", [[-3, -2, -1, 0, 1], [-1, -1, 7, 8, 30], [0, 1, 2, -1, -1], [-1] * 5], ids=str
)
def test_padding_around_the_text_and_missing_positions_are_welcome(positions):
    check_positions(torch.tensor([positions]))
