import pytest
import torch
from torch import nn
from torch.testing import assert_close

from llm_book.nn.multi_head_attention import MultiHeadAttention
from llm_book.nn.self_attention import attend, causal_mask

B, T, C, H = 3, 9, 12, 4
TOLERANCE = {"rtol": 1e-5, "atol": 1e-5}


@pytest.fixture
def x():
    torch.manual_seed(0)
    return torch.randn(B, T, C)


def make(**arguments):
    torch.manual_seed(1)
    layer = MultiHeadAttention(C, H, **arguments)
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=C**-0.5)
    return layer


def torch_layer(layer):
    theirs = nn.MultiheadAttention(C, H, batch_first=True)
    theirs.load_state_dict(
        {
            "in_proj_weight": layer.qkv_proj.weight,
            "in_proj_bias": layer.qkv_proj.bias,
            "out_proj.weight": layer.o_proj.weight,
            "out_proj.bias": layer.o_proj.bias,
        }
    )
    return theirs


@pytest.mark.parametrize("window", [None, 3])
def test_the_result_and_its_gradients_equal_torch(x, window):
    layer = make(window=window)
    theirs = torch_layer(layer)
    hidden = ~causal_mask(torch.arange(T), torch.arange(T), window)
    expected, _ = theirs(x, x, x, attn_mask=hidden, need_weights=False)
    out = layer(x, torch.arange(T))
    assert_close(out, expected, **TOLERANCE)
    upstream = torch.randn_like(out)
    out.backward(upstream)
    expected.backward(upstream)
    assert_close(layer.qkv_proj.weight.grad, theirs.in_proj_weight.grad, **TOLERANCE)
    assert_close(layer.o_proj.bias.grad, theirs.out_proj.bias.grad, **TOLERANCE)


def test_heads_are_slices_of_the_width_attended_one_by_one(x):
    layer = make()
    queries, keys, values = layer.qkv_proj(x).chunk(3, -1)
    mask = causal_mask(torch.arange(T), torch.arange(T))
    heads = [
        attend(*(t[..., h * C // H : (h + 1) * C // H] for t in (queries, keys, values)), mask)
        for h in range(H)
    ]
    assert_close(layer(x, torch.arange(T)), layer.o_proj(torch.cat(heads, -1)), **TOLERANCE)


def test_one_row_of_positions_serves_the_whole_batch(x):
    layer = make(window=4)
    assert_close(layer(x, torch.arange(T)), layer(x, torch.arange(T).expand(B, T)), **TOLERANCE)


def test_future_tokens_do_not_change_the_past(x):
    layer = make()
    changed = x.clone()
    changed[:, 5:] = 100.0
    before, after = layer(x, torch.arange(T)), layer(changed, torch.arange(T))
    assert_close(after[:, :5], before[:, :5], rtol=0, atol=0)
    assert not torch.allclose(after[:, 5:], before[:, 5:])


@pytest.mark.parametrize("window", [None, 2, 4])
@pytest.mark.parametrize("sizes", [[1] * 9, [4, 5], [5, 1, 3], [2, 6, 1]], ids=str)
def test_chunks_through_a_cache_equal_one_pass(x, sizes, window):
    layer = make(window=window)
    cache = layer.make_cache(B, T)
    positions = torch.arange(T).split(sizes)
    out = [layer(a, b, cache) for a, b in zip(x.split(sizes, 1), positions, strict=True)]
    assert_close(torch.cat(out, 1), layer(x, torch.arange(T)), **TOLERANCE)


def test_the_cache_of_a_windowed_layer_has_the_memory_of_a_window():
    assert make(window=3).make_cache(B, T).keys.shape == (B, 3, H, C // H)
    assert make().make_cache(B, T).keys.shape == (B, T, H, C // H)


@pytest.mark.parametrize("window", [None, 3])
@pytest.mark.parametrize("sizes", [[9], [5, 4], [6, 1, 1, 1], [1] * 9], ids=str)
def test_a_batch_with_left_padding_equals_each_row_alone(x, sizes, window):
    layer = make(window=window)
    pads = torch.tensor([0, 2, 5])
    positions = torch.arange(T) - pads[:, None]
    cache = layer.make_cache(B, T)
    parts = zip(x.split(sizes, 1), positions.split(sizes, 1), strict=True)
    out = torch.cat([layer(a, b, cache) for a, b in parts], 1)
    assert out.isfinite().all()
    for row, pad in enumerate(pads.tolist()):
        alone = layer(x[row : row + 1, pad:], torch.arange(T - pad))
        assert_close(out[row : row + 1, pad:], alone, **TOLERANCE)


def test_padding_gives_no_nan_in_the_gradients(x):
    layer = make()
    x.requires_grad_()
    layer(x, torch.arange(T) - 4).sum().backward()
    assert x.grad.isfinite().all()
    assert layer.qkv_proj.weight.grad.isfinite().all()


def test_dropout_acts_in_training_only(x):
    layer = make(dropout=0.5)
    assert not torch.allclose(layer(x, torch.arange(T)), layer(x, torch.arange(T)))
    layer.eval()
    assert_close(layer(x, torch.arange(T)), make()(x, torch.arange(T)))


def test_nothing_but_projections_is_in_the_state_dict():
    names = {"qkv_proj.weight", "qkv_proj.bias", "o_proj.weight", "o_proj.bias"}
    assert set(make(window=3).state_dict()) == names
    assert set(make(bias=False).state_dict()) == {n for n in names if n.endswith("weight")}


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_the_dtype_is_kept_with_and_without_a_cache(x, dtype):
    layer = make().to(dtype)
    cache = layer.make_cache(B, T, dtype=dtype)
    assert layer(x.to(dtype), torch.arange(T)).dtype == dtype
    assert layer(x.to(dtype), torch.arange(T), cache).dtype == dtype


@pytest.mark.parametrize(("dim", "n_heads"), [(12, 5), (12, 0), (4, 8)])
def test_a_width_that_is_not_a_multiple_of_the_heads_is_an_error(dim, n_heads):
    with pytest.raises(ValueError, match=f"dim={dim} is not a multiple of n_heads={n_heads}"):
        MultiHeadAttention(dim, n_heads)


def test_a_window_below_one_is_an_error():
    with pytest.raises(ValueError, match="window=0"):
        make(window=0)


def test_a_cache_of_another_batch_size_is_an_error(x):
    layer = make()
    with pytest.raises(ValueError, match="made for batches of 2, got 3"):
        layer(x, torch.arange(T), layer.make_cache(2, T))
