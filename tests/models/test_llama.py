import pytest
import torch
import transformers as hf

from llm_book.models.causal_lm import count_parameters
from llm_book.models.llama import (
    LLAMA_2_7B,
    LLAMA_3_1_8B,
    LLAMA_3_2_1B,
    LLAMA_3_8B,
    Llama,
)
from llm_book.nn.rotary_embedding import RotaryEmbedding
from tests.models import oracle

REFERENCE = hf.LlamaForCausalLM, hf.LlamaConfig
PLAIN = {"rope_type": "default", "rope_theta": 10_000.0}
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 500_000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 16,
}
CASES = {
    "Llama 2": {"rope_parameters": PLAIN, "num_key_value_heads": 4},
    "Llama 3": {"rope_parameters": PLAIN | {"rope_theta": 500_000.0}},
    "Llama 3.1": {"rope_parameters": LLAMA3},
    "Llama 3.2": {"rope_parameters": LLAMA3 | {"factor": 32.0}, "tie_word_embeddings": True},
    "a free width of heads": {"head_dim": 20, "num_key_value_heads": 1, "rms_norm_eps": 0.1},
    "slowed evenly": {"rope_parameters": PLAIN | {"rope_type": "linear", "factor": 3.0}},
    "YaRN": {
        "rope_parameters": PLAIN
        | {"rope_type": "yarn", "factor": 32.0, "original_max_position_embeddings": 16},
    },
}
MISTAKES = {
    "another base": (
        "Llama 3",
        lambda model: oracle.replace_rotary(model, lambda _: RotaryEmbedding(12, 10_000.0)),
    ),
    "no scaling": (
        "Llama 3.1",
        lambda model: oracle.replace_rotary(model, lambda _: RotaryEmbedding(12, 500_000.0)),
    ),
    "interleaved pairs": (
        "Llama 2",
        lambda model: oracle.replace_rotary(
            model, lambda _: RotaryEmbedding(12, 10_000.0, interleaved=True)
        ),
    ),
    "an ignored norm": ("Llama 2", lambda model: model.norm.weight.fill_(1.0)),
    "another eps": (
        "a free width of heads",
        lambda model: oracle.set_everywhere([model.norm], eps=1e-6),
    ),
    "gate and up exchanged": (
        "Llama 2",
        lambda model: oracle.set_everywhere(
            [model.blocks[0].feed_forward],
            gate_proj=model.blocks[0].feed_forward.up_proj,
            up_proj=model.blocks[0].feed_forward.gate_proj,
        ),
    ),
}


class TestLlama(oracle.Family):
    REFERENCE = REFERENCE
    CASES = CASES
    MISTAKES = MISTAKES


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (LLAMA_2_7B, 6_738_415_616),
        (LLAMA_3_8B, 8_030_261_248),
        (LLAMA_3_1_8B, 8_030_261_248),
        (LLAMA_3_2_1B, 1_235_814_400),
    ],
    ids=["Llama-2-7B", "Llama-3-8B", "Llama-3.1-8B", "Llama-3.2-1B"],
)
def test_the_presets_have_the_published_numbers_of_parameters(config, expected):
    with torch.device("meta"):
        assert count_parameters(Llama(config)) == expected
