import pytest
import torch
from torch.testing import assert_close

from llm_book.models.llama import LlamaConfig
from llm_book.models.published_config import full_layers, layer_types, make_rotary
from llm_book.models.qwen3 import Qwen3Config
from llm_book.nn.mixture_of_experts import TopKRouter

FIELDS = {
    "model_type": "llama",
    "vocab_size": 97,
    "max_position_embeddings": 64,
    "hidden_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 80,
    "rms_norm_eps": 1e-5,
}


def turned(rotary, position=1000):
    torch.manual_seed(0)
    return rotary(torch.randn(1, 1, 2, 16), torch.tensor([position]))


def test_a_config_comes_back_from_what_it_writes():
    scaling = {"rope_type": "linear", "factor": 2.0}
    config = LlamaConfig.from_published(FIELDS | {"rope_theta": 7.0, "rope_scaling": scaling})
    assert (config.rope_theta, config.rope_scaling) == (7.0, scaling)
    assert LlamaConfig.from_published(config.to_published()) == config


@pytest.mark.parametrize("name", sorted(set(FIELDS) - {"model_type"}))
def test_a_missing_field_is_named(name):
    fields = {theirs: value for theirs, value in FIELDS.items() if theirs != name}
    with pytest.raises(KeyError, match=name):
        LlamaConfig.from_published(fields)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("hidden_act", "gelu", "hidden_act='gelu', expected 'silu'"),
        ("attention_bias", True, "attention_bias=True, expected False"),
        ("num_key_value_heads", 3, "n_heads=4 is not a multiple of n_kv_heads=3"),
        ("num_hidden_layers", 0, "n_layers=0, expected at least 1"),
    ],
)
def test_a_value_that_the_model_does_not_know_is_refused(field, value, message):
    with pytest.raises(ValueError, match=message):
        LlamaConfig.from_published(FIELDS | {field: value})


def test_more_active_experts_than_experts_are_refused():
    with pytest.raises(ValueError, match="n_active_experts=9, expected 1 to n_experts=8"):
        TopKRouter(4, 8, 9)
    experts = {"num_experts": 8, "num_experts_per_tok": 9, "moe_intermediate_size": 8}
    config = Qwen3Config.from_published(FIELDS | experts | {"model_type": "qwen3_moe"})
    assert config.n_active_experts > config.n_experts  # found where the router is built


def test_an_unknown_rope_type_is_refused():
    with pytest.raises(ValueError, match="rope_type='longrope', expected default, linear"):
        make_rotary(16, 1e4, {"rope_type": "longrope", "factor": 2.0})


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        ("linear", "factor"),
        ("llama3", "original_max_position_embeddings"),
        ("yarn", "original_max_position_embeddings"),
    ],
)
def test_what_a_scaling_lacks_is_named(kind, missing):
    scaling = {"rope_type": kind, "factor": 2.0}
    scaling.pop(missing, None)
    with pytest.raises(ValueError, match=f"rope_scaling of type {kind} lacks '{missing}'"):
        make_rotary(16, 1e4, scaling)


def test_linear_scaling_reaches_farther_by_its_factor():
    slow = make_rotary(16, 1e4, {"rope_type": "linear", "factor": 4.0})
    assert_close(turned(slow, 1000), turned(make_rotary(16, 1e4), 250))


def test_layers_are_listed_as_they_are_published():
    types = layer_types(4, (1, 3))
    assert types == ["sliding_attention", "full_attention"] * 2
    assert full_layers({"num_hidden_layers": 4, "layer_types": types}, 6) == (1, 3)
    assert full_layers({"num_hidden_layers": 12}, 6) == (5, 11)
