import functools

import pytest
import torch
import transformers
from torch import nn
from torch.nn import functional as F
from torch.testing import assert_close
from transformers.models.gemma3.modeling_gemma3 import Gemma3MLP
from transformers.models.llama.modeling_llama import LlamaMLP

from llm_book.nn.gated_feed_forward import GatedFeedForward

C, HIDDEN = 6, 10
GELU_TANH = functools.partial(F.gelu, approximate="tanh")


@pytest.fixture
def x():
    torch.manual_seed(0)
    return torch.randn(2, 5, C)


def make(**arguments):
    torch.manual_seed(1)
    layer = GatedFeedForward(C, HIDDEN, **arguments)
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=C**-0.5)
    return layer


def test_one_number_worked_by_hand():
    layer = GatedFeedForward(1, 1, activation=torch.sigmoid)
    layer.gate_proj.weight.data.fill_(0.0)  # the gate is half open
    layer.up_proj.weight.data.fill_(3.0)
    layer.down_proj.weight.data.fill_(10.0)
    assert layer(torch.tensor([2.0])).item() == pytest.approx(30.0)  # 0.5 · 6 · 10


@pytest.mark.parametrize("bias", [False, True])
def test_swiglu_and_its_gradients_equal_llama(x, bias):
    config = transformers.LlamaConfig(
        hidden_size=C, intermediate_size=HIDDEN, num_attention_heads=2, mlp_bias=bias
    )
    ours, theirs = make(bias=bias), LlamaMLP(config)
    theirs.load_state_dict(ours.state_dict())
    assert_close(ours(x), theirs(x), rtol=1e-6, atol=1e-6)
    upstream = torch.randn_like(x)
    ours(x).backward(upstream)
    theirs(x).backward(upstream)
    for name, parameter in ours.named_parameters():
        assert_close(parameter.grad, theirs.get_parameter(name).grad, rtol=1e-5, atol=1e-5)


def test_geglu_equals_gemma(x):
    config = transformers.Gemma3TextConfig(
        hidden_size=C, intermediate_size=HIDDEN, num_attention_heads=2
    )
    ours, theirs = make(activation=GELU_TANH), Gemma3MLP(config)
    theirs.load_state_dict(ours.state_dict())
    assert_close(ours(x), theirs(x), rtol=1e-6, atol=1e-6)


def test_glu_equals_torch(x):
    ours = make(activation=torch.sigmoid)
    both = torch.cat((ours.up_proj(x), ours.gate_proj(x)), -1)  # torch takes the gate last
    assert_close(ours(x), ours.down_proj(F.glu(both)), rtol=1e-6, atol=1e-6)


def test_without_an_activation_it_is_quadratic(x):
    layer = make(activation=lambda gate: gate)
    assert_close(layer(3 * x), 9 * layer(x), rtol=1e-5, atol=1e-5)


def test_a_closed_gate_lets_nothing_through_and_an_open_one_everything(x):
    layer = make(activation=torch.sigmoid, bias=True)
    nn.init.zeros_(layer.gate_proj.weight)
    layer.gate_proj.bias.data.fill_(-100.0)
    assert_close(layer(x), layer.down_proj.bias.expand_as(x))
    layer.gate_proj.bias.data.fill_(100.0)
    assert_close(layer(x), layer.down_proj(layer.up_proj(x)))


def test_tokens_do_not_mix(x):
    layer = make()
    assert_close(layer(x)[1, 3], layer(x[1, 3]), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_the_dtype_is_kept(x, dtype):
    assert make().to(dtype)(x.to(dtype)).dtype == dtype


def test_the_three_projections_are_all_there_is():
    names = {"gate_proj.weight", "up_proj.weight", "down_proj.weight"}
    assert set(make().state_dict()) == names
    assert sum(parameter.numel() for parameter in make().parameters()) == 3 * C * HIDDEN


@pytest.mark.parametrize(("dim", "hidden_dim"), [(0, 4), (4, 0)])
def test_a_width_below_one_is_an_error(dim, hidden_dim):
    with pytest.raises(ValueError, match=f"dim={dim} and hidden_dim={hidden_dim}"):
        GatedFeedForward(dim, hidden_dim)
