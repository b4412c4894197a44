from functools import partial

import pytest
import torch
from torch.nn import functional as F
from torch.testing import assert_close

from llm_book.nn.feed_forward import FeedForward, gelu

C, HIDDEN = 6, 10


def make(**arguments):
    torch.manual_seed(0)
    return FeedForward(C, HIDDEN, **arguments)


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_gelu_equals_torch(approximate):
    x = torch.linspace(-6, 6, 1001)
    assert_close(gelu(x, approximate), F.gelu(x, approximate=approximate), rtol=1e-5, atol=1e-6)


def test_gelu_is_the_number_times_a_normal_probability():
    x = torch.linspace(-3, 3, 25)
    assert_close(gelu(x), x * torch.distributions.Normal(0, 1).cdf(x))


def test_gelu_at_one_worked_by_hand():
    assert gelu(torch.tensor(1.0)).item() == pytest.approx(0.841345, abs=1e-6)


def test_the_two_forms_differ_by_less_than_five_ten_thousandths():
    x = torch.linspace(-10, 10, 100_001, dtype=torch.float64)
    difference = (gelu(x) - gelu(x, "tanh")).abs().max()
    assert 0.0004 < difference < 0.0005


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_the_network_is_two_products_with_gelu_between(approximate):
    layer, x = make(approximate=approximate), torch.randn(2, 5, C)
    wide = gelu(x @ layer.up_proj.weight.T + layer.up_proj.bias, approximate)
    expected = wide @ layer.down_proj.weight.T + layer.down_proj.bias
    assert_close(layer(x), expected, rtol=1e-5, atol=1e-6)


def test_the_form_of_gelu_makes_a_difference():
    x = 3 * torch.randn(4, C)
    assert not torch.equal(make(approximate="none")(x), make(approximate="tanh")(x))


def test_a_token_does_not_see_the_others():
    layer, x = make(), torch.randn(2, 5, C)
    assert_close(layer(x)[:, 3], layer(x[:, 3]), rtol=1e-5, atol=1e-6)


def test_without_biases_zero_stays_zero():
    layer = make(bias=False)
    assert set(layer.state_dict()) == {"up_proj.weight", "down_proj.weight"}
    assert layer(torch.zeros(C)).abs().max() == 0


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_the_dtype_is_kept(dtype):
    assert make().to(dtype)(torch.zeros(2, C, dtype=dtype)).dtype == dtype
    assert gelu(torch.zeros(2, dtype=dtype), "tanh").dtype == dtype


@pytest.mark.parametrize("function", [make, partial(gelu, torch.ones(2))])
def test_an_unknown_form_is_an_error(function):
    with pytest.raises(ValueError, match="approximate='fast', expected 'none' or 'tanh'"):
        function(approximate="fast")
