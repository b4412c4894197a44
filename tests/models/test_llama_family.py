import pytest
import torch
from torch.testing import assert_close

from llm_book.models.llama import LlamaConfig
from llm_book.models.llama_family import make_rotary
from llm_book.models.qwen3 import Qwen3Config

SIZES = {
    "vocab_size": 97, "context_length": 64, "dim": 48, "n_layers": 2, "n_heads": 4,
    "n_kv_heads": 2, "hidden_dim": 80,
}  # fmt: skip


def turned(rotary, position=1000):
    torch.manual_seed(0)
    return rotary(torch.randn(1, 1, 2, 16), torch.tensor([position]))


@pytest.mark.parametrize("name", ["vocab_size", "context_length", "dim", "n_layers", "hidden_dim"])
def test_a_size_below_one_is_refused(name):
    assert LlamaConfig(**SIZES | {name: 1})
    with pytest.raises(ValueError, match=f"{name}=0, expected a whole number of at least 1"):
        LlamaConfig(**SIZES | {name: 0})
    with pytest.raises(ValueError, match=f"{name}=None, expected a whole number"):
        LlamaConfig(**SIZES | {name: None})


@pytest.mark.parametrize("config", [LlamaConfig, Qwen3Config])
def test_a_head_without_features_is_refused(config):
    assert config(**SIZES, head_dim=16)
    with pytest.raises(ValueError, match="head_dim=0, expected a whole number of at least 1"):
        config(**SIZES, head_dim=0)


@pytest.mark.parametrize("n_kv_heads", [0, 3, 8, -2])
def test_heads_that_cannot_be_shared_are_refused(n_kv_heads):
    with pytest.raises(ValueError, match=f"n_heads=4 is not a multiple of n_kv_heads={n_kv_heads}"):
        LlamaConfig(**SIZES | {"n_kv_heads": n_kv_heads})


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


@pytest.mark.parametrize("factor", [0, -2.0, float("nan")])
@pytest.mark.parametrize("kind", ["linear", "llama3", "yarn"])
def test_a_factor_that_is_not_above_zero_is_refused(kind, factor):
    scaling = {
        "rope_type": kind, "factor": 2.0, "original_max_position_embeddings": 64,
        "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    }  # fmt: skip
    assert turned(make_rotary(16, 1e4, scaling)).isfinite().all()
    with pytest.raises(ValueError, match=f"factor={float(factor)}, expected a number above 0"):
        make_rotary(16, 1e4, scaling | {"factor": factor})


def test_linear_scaling_reaches_farther_by_its_factor():
    slow = make_rotary(16, 1e4, {"rope_type": "linear", "factor": 4.0})
    assert_close(turned(slow, 1000), turned(make_rotary(16, 1e4), 250))


@pytest.mark.parametrize("name", ["mscale", "mscale_all_dim"])
def test_a_yarn_that_multiplies_otherwise_is_refused(name):
    scaling = {"rope_type": "yarn", "factor": 2.0, "original_max_position_embeddings": 64}
    assert make_rotary(16, 1e4, scaling)
    with pytest.raises(ValueError, match="mscale, which we do not know"):
        make_rotary(16, 1e4, scaling | {name: 1.0})
