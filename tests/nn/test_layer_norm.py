import pytest
import torch
from torch import nn
from torch.testing import assert_close

from llm_book.nn.layer_norm import LayerNorm, layer_norm

C = 12


@pytest.fixture
def x():
    torch.manual_seed(0)
    return 3 + 5 * torch.randn(2, 7, C)


def random_layers(eps=1e-5):
    """Our layer and torch's, with the same random weight and bias."""
    torch.manual_seed(1)
    ours, theirs = LayerNorm(C, eps), nn.LayerNorm(C, eps)
    nn.init.normal_(ours.weight, mean=1, std=0.2)
    nn.init.normal_(ours.bias)
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


def test_three_numbers_worked_by_hand():
    x = torch.tensor([1.0, 2.0, 6.0])  # mean 3, variance (4 + 1 + 9) / 3
    expected = torch.tensor([-2.0, -1.0, 3.0]) / (14 / 3) ** 0.5
    assert_close(layer_norm(x, torch.ones(3), torch.zeros(3), eps=0), expected)


def test_every_token_has_mean_0_and_variance_1(x):
    out = LayerNorm(C)(x)
    assert_close(out.mean(-1), torch.zeros(2, 7), rtol=0, atol=1e-6)
    assert_close(out.var(-1, correction=0), torch.ones(2, 7), rtol=1e-4, atol=0)


@pytest.mark.parametrize("eps", [1e-5, 0.5])
def test_the_layer_and_its_gradients_equal_torch(x, eps):
    ours, theirs = random_layers(eps)
    assert_close(ours(x), theirs(x), rtol=1e-6, atol=1e-6)
    upstream = torch.randn_like(x)
    ours(x).backward(upstream)
    theirs(x).backward(upstream)
    assert_close(ours.weight.grad, theirs.weight.grad)
    assert_close(ours.bias.grad, theirs.bias.grad)


@pytest.mark.parametrize("eps", [1e-5, 0.5])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_the_formula_by_hand_equals_the_kernel(x, eps, dtype):
    layer = random_layers(eps)[0].to(dtype)
    by_hand = layer_norm(x.to(dtype), layer.weight, layer.bias, eps)
    assert by_hand.dtype == layer(x.to(dtype)).dtype == dtype
    tolerance = {torch.float32: 1e-6, torch.float64: 1e-12, torch.bfloat16: 2e-2}[dtype]
    assert_close(by_hand, layer(x.to(dtype)), rtol=tolerance, atol=tolerance)


def test_scale_and_shift_of_a_token_do_not_matter(x):
    layer, _ = random_layers()
    assert_close(layer(7 * x - 100), layer(x), rtol=1e-4, atol=1e-4)


def test_bfloat16_is_normalized_in_float32():
    # In bfloat16 alone, 300 plus a small number is 300 again, and the mean is wrong.
    x = (300 + torch.arange(C).float() * 2).bfloat16()
    out = layer_norm(x, torch.ones(C), torch.zeros(C))
    assert_close(out.float(), nn.functional.layer_norm(x.float(), (C,)), rtol=1e-2, atol=1e-2)


def test_equal_numbers_become_the_bias():
    layer, _ = random_layers()
    assert_close(layer(torch.full((C,), 5.0)), layer.bias)
