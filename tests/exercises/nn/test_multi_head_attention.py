import pytest
import torch
from torch import nn
from torch.testing import assert_close

from llm_book.nn.multi_head_attention import MultiHeadAttention

POSITIONS = torch.arange(7)


@pytest.fixture
def layer():
    torch.manual_seed(0)
    return MultiHeadAttention(12, 3)


@pytest.fixture
def x():
    torch.manual_seed(1)
    return torch.randn(2, 7, 12)


def test_the_weights_are_those_of_torch(exercise, layer, x):
    theirs = nn.MultiheadAttention(12, 3, batch_first=True)
    theirs.in_proj_weight, theirs.in_proj_bias = layer.qkv_proj.weight, layer.qkv_proj.bias
    hidden = torch.ones(7, 7, dtype=torch.bool).triu(1)
    _, expected = theirs(x, x, x, attn_mask=hidden, average_attn_weights=False)
    assert_close(exercise.attention_of_heads(layer, x), expected, rtol=1e-5, atol=1e-6)


def test_the_results_of_the_heads_add_up(exercise, layer, x):
    whole = layer(x, POSITIONS)
    parts = [whole - exercise.without_head(layer, head)(x, POSITIONS) for head in range(3)]
    assert_close(sum(parts) + layer.o_proj.bias, whole, rtol=1e-5, atol=1e-5)
    assert all(part.abs().max() > 0.01 for part in parts)


def test_the_layer_itself_is_left_as_it_is(exercise, layer, x):
    before = layer(x, POSITIONS)
    exercise.without_head(layer, 1)
    assert_close(layer(x, POSITIONS), before, rtol=0, atol=0)
