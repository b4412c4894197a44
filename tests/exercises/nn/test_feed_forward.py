import pytest
import torch
from torch.testing import assert_close

from llm_book.nn.feed_forward import FeedForward, gelu


@pytest.mark.parametrize("bias", [True, False])
def test_the_formula_counts_real_parameters(exercise, bias):
    layer = FeedForward(6, 10, bias=bias)
    real = sum(parameter.numel() for parameter in layer.parameters())
    assert exercise.feed_forward_parameters(6, 10, bias=bias) == real


def test_the_feed_forward_networks_of_gpt2_hold_57_million(exercise):
    assert 12 * exercise.feed_forward_parameters(768, 3072) == 56_669_184


def test_the_narrow_network_does_what_the_rest_of_the_wide_one_does(exercise):
    torch.manual_seed(0)
    layer, x = FeedForward(6, 10, approximate="tanh"), torch.randn(4, 6)
    kept = torch.tensor([7, 0, 3])
    before = layer(x)
    mask = torch.zeros(10)
    mask[kept] = 1
    expected = layer.down_proj(gelu(layer.up_proj(x), "tanh") * mask)
    narrow = exercise.keep_hidden(layer, kept)
    assert narrow.up_proj.out_features == 3
    assert_close(narrow(x), expected, rtol=1e-5, atol=1e-6)
    assert_close(layer(x), before, rtol=0, atol=0)
