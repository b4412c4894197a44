import pytest
import torch

from llm_book.models.causal_lm import count_parameters
from llm_book.models.llama import LLAMA_3_2_1B, Llama
from llm_book.pretrained.families.llama import LlamaFamily

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


def test_a_config_comes_back_from_what_it_writes():
    scaling = {"rope_type": "linear", "factor": 2.0}
    config = LlamaFamily.read(FIELDS | {"rope_theta": 7.0, "rope_scaling": scaling})
    assert (config.rope_theta, config.rope_scaling) == (7.0, scaling)
    assert LlamaFamily.read(LlamaFamily.write(config)) == config


@pytest.mark.parametrize("name", sorted(set(FIELDS) - {"model_type"}))
def test_a_missing_field_is_named(name):
    fields = {theirs: value for theirs, value in FIELDS.items() if theirs != name}
    with pytest.raises(KeyError, match=name):
        LlamaFamily.read(fields)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("hidden_act", "gelu", "hidden_act='gelu', expected 'silu'"),
        ("attention_bias", True, "attention_bias=True, expected False"),
        ("num_key_value_heads", 3, "n_heads=4 is not a multiple of n_kv_heads=3"),
        ("partial_rotary_factor", 0.5, "partial_rotary_factor=0.5, expected 1"),
        ("num_hidden_layers", 0, "n_layers=0, expected a whole number of at least 1"),
    ],
)
def test_a_value_that_the_model_does_not_know_is_refused(field, value, message):
    with pytest.raises(ValueError, match=message):
        LlamaFamily.read(FIELDS | {field: value})


def test_a_hub_file_of_the_older_dialect_is_read():
    fields = {
        "model_type": "llama",
        "hidden_size": 2048,
        "intermediate_size": 8192,
        "max_position_embeddings": 131_072,
        "num_attention_heads": 32,
        "num_hidden_layers": 16,
        "num_key_value_heads": 8,
        "rms_norm_eps": 1e-05,
        "head_dim": 64,
        "rope_theta": 500_000.0,
        "rope_scaling": {
            "factor": 32.0,
            "high_freq_factor": 4.0,
            "low_freq_factor": 1.0,
            "original_max_position_embeddings": 8192,
            "rope_type": "llama3",
        },
        "tie_word_embeddings": True,
        "vocab_size": 128_256,
    }
    config = LlamaFamily.read(fields)
    assert config.rope_scaling == LLAMA_3_2_1B.rope_scaling | {"rope_type": "llama3"}
    with torch.device("meta"):
        assert count_parameters(Llama(config)) == 1_235_814_400
