import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.testing import assert_close

from llm_book.nn.self_attention import (
    CausalSelfAttention,
    SelfAttention,
    attend,
    attention_weights,
    causal_mask,
)

B, T, C, D = 2, 7, 12, 8


@pytest.fixture
def x():
    torch.manual_seed(0)
    return torch.randn(B, T, C)


def make(**arguments):
    torch.manual_seed(1)
    return CausalSelfAttention(C, D, **arguments)


def test_two_tokens_worked_by_hand():
    queries = torch.tensor([[1.0, 0.0]])
    keys = torch.tensor([[math.sqrt(2) * math.log(3), 5.0], [0.0, 7.0]])
    values = torch.tensor([[4.0, 0.0], [0.0, 8.0]])
    # scores log 3 and 0, so the weights are 3/4 and 1/4
    assert_close(attention_weights(queries, keys), torch.tensor([[0.75, 0.25]]))
    assert_close(attend(queries, keys, values), torch.tensor([[3.0, 2.0]]))


def test_the_mask_shows_itself_and_the_past():
    expected = [[True, False, False], [True, True, False], [True, True, True]]
    assert causal_mask(torch.arange(3), torch.arange(3)).tolist() == expected


def test_the_mask_of_a_window_shows_that_many_positions():
    seen = causal_mask(torch.arange(5), torch.arange(5), window=2)
    assert seen.sum(-1).tolist() == [1, 2, 2, 2, 2]
    assert seen[4].tolist() == [False, False, False, True, True]


def test_the_mask_needs_no_order_in_memory():
    seen = causal_mask(torch.tensor([5]), torch.tensor([4, 5, 6, 3]), window=2)
    assert seen.tolist() == [[True, True, False, False]]


def test_padding_is_not_seen_and_sees_nothing():
    positions = torch.tensor([[-1, -1, 0, 1], [0, 1, 2, 3]])
    seen = causal_mask(positions, positions)
    assert seen.shape == (2, 4, 4)
    assert not seen[0, :2].any()
    assert not seen[0, :, :2].any()
    assert seen[0, 2:, 2:].tolist() == [[True, False], [True, True]]
    assert torch.equal(seen[1], torch.ones(4, 4, dtype=torch.bool).tril())


def test_the_weights_of_a_query_sum_to_one(x):
    weights = attention_weights(x, x, causal_mask(torch.arange(T), torch.arange(T)))
    assert_close(weights.sum(-1), torch.ones(B, T))


@pytest.mark.parametrize("masked", [False, True])
def test_attend_equals_torch(x, masked):
    mask = causal_mask(torch.arange(T), torch.arange(T)) if masked else None
    expected = F.scaled_dot_product_attention(x, x.flip(1), x.sin(), attn_mask=mask)
    assert_close(attend(x, x.flip(1), x.sin(), mask), expected, rtol=1e-5, atol=1e-6)


def test_a_query_that_may_see_nothing_gives_zeros_and_no_nan(x):
    mask = causal_mask(torch.arange(T), torch.arange(T))
    mask[0] = False
    x.requires_grad_()
    mixed = attend(x, x, x, mask)
    mixed.sum().backward()
    assert mixed[:, 0].abs().max() == 0
    assert x.grad is not None
    assert x.grad.isfinite().all()


def test_self_attention_is_attend_of_three_projections(x):
    torch.manual_seed(0)
    layer = SelfAttention(C, D, bias=True)
    queries, keys, values = (
        x @ p.weight.T + p.bias for p in (layer.q_proj, layer.k_proj, layer.v_proj)
    )
    assert_close(layer(x), ((queries @ keys.mT) / math.sqrt(D)).softmax(-1) @ values)


def test_self_attention_ignores_the_order_of_the_others(x):
    layer = SelfAttention(C, D)
    shuffled = torch.randperm(T)
    assert_close(layer(x)[:, shuffled], layer(x[:, shuffled]), rtol=1e-5, atol=1e-6)


def test_future_tokens_do_not_change_the_past(x):
    layer = make()
    changed = x.clone()
    changed[:, 4:] = 100.0
    before, after = layer(x, torch.arange(T)), layer(changed, torch.arange(T))
    assert_close(after[:, :4], before[:, :4], rtol=0, atol=0)
    assert not torch.allclose(after[:, 4:], before[:, 4:])


def test_a_token_outside_the_window_changes_nothing(x):
    layer = make(window=3)
    changed = x.clone()
    changed[:, 0] = 100.0
    before, after = layer(x, torch.arange(T)), layer(changed, torch.arange(T))
    assert_close(after[:, 3:], before[:, 3:], rtol=0, atol=0)
    assert not torch.allclose(after[:, 2], before[:, 2])


def test_left_padding_changes_nothing(x):
    layer = make()
    padded = torch.cat((torch.full((B, 3, C), 9.0), x), 1)
    positions = torch.arange(-3, T)
    out = layer(padded, positions)
    assert out.isfinite().all()
    assert_close(out[:, 3:], layer(x, torch.arange(T)), rtol=1e-5, atol=1e-6)


def test_dropout_acts_in_training_only(x):
    layer = make(dropout=0.5)
    torch.manual_seed(0)
    trained, again = layer(x, torch.arange(T)), layer(x, torch.arange(T))
    assert not torch.allclose(trained, again)
    layer.eval()
    assert_close(layer(x, torch.arange(T)), make()(x, torch.arange(T)))


def test_dropout_keeps_the_expected_value():
    torch.manual_seed(0)
    ones = torch.ones(1, 20_000, 1)
    mixed = attend(torch.zeros(1, 1, 1), ones, ones, dropout=0.25)
    assert mixed.item() == pytest.approx(1, abs=0.02)


def test_the_state_dict_holds_projections_only():
    assert set(make(bias=True, window=2).state_dict()) == {
        f"{name}_proj.{part}" for name in "qkv" for part in ("weight", "bias")
    }


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_the_dtype_is_kept(x, dtype):
    assert make().to(dtype)(x.to(dtype), torch.arange(T)).dtype == dtype


def test_all_weights_receive_a_gradient(x):
    layer = make(bias=True)
    layer(x, torch.arange(T)).square().sum().backward()
    weights = (layer.q_proj.weight, layer.k_proj.weight, layer.v_proj.weight)
    assert all(weight.grad is not None and weight.grad.abs().max() > 0 for weight in weights)


def test_the_result_equals_a_torch_layer_of_one_head():
    torch.manual_seed(0)
    inputs = torch.randn(B, T, D)
    layer = CausalSelfAttention(D, D, bias=True)
    projections = (layer.q_proj, layer.k_proj, layer.v_proj)
    theirs = nn.MultiheadAttention(D, 1, batch_first=True)
    theirs.load_state_dict(
        {
            "in_proj_weight": torch.cat([p.weight for p in projections]),
            "in_proj_bias": torch.cat([p.bias for p in projections]),
            "out_proj.weight": torch.eye(D),
            "out_proj.bias": torch.zeros(D),
        }
    )
    hidden = torch.ones(T, T, dtype=torch.bool).triu(1)
    expected, _ = theirs(inputs, inputs, inputs, attn_mask=hidden, need_weights=False)
    assert_close(layer(inputs, torch.arange(T)), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("window", [0, -3])
def test_a_window_below_one_is_an_error(window):
    with pytest.raises(ValueError, match=f"window={window}, expected at least 1"):
        make(window=window)
