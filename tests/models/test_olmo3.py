from types import MethodType

import torch
import transformers as hf
from torch import nn

from llm_book.models.causal_lm import count_parameters
from llm_book.models.olmo3 import OLMO_3_7B, OLMO_3_32B, Olmo3
from llm_book.nn.rotary_embedding import RotaryEmbedding, yarn_attention_factor, yarn_scaling
from tests.models import oracle

REFERENCE = hf.Olmo3ForCausalLM, hf.Olmo3Config
PLAIN = {"rope_type": "default", "rope_theta": 5e5}
YARN = PLAIN | {"rope_type": "yarn", "factor": 32.0, "original_max_position_embeddings": 16}
BASE = {"sliding_window": 5, "rms_norm_eps": 1e-6}
CASES = {
    "published pattern": BASE,
    "alternating": BASE | {"layer_types": ["full_attention", "sliding_attention"] * 2},
    "long": BASE | {"rope_parameters": {"full_attention": YARN, "sliding_attention": PLAIN}},
    "as many keys": BASE | {"num_key_value_heads": 4, "rms_norm_eps": 0.1},
    "one key": BASE | {"num_key_value_heads": 1, "sliding_window": 3},
    "tied": BASE | {"tie_word_embeddings": True},
}


def scaled(_rotary):
    scaling = yarn_scaling(32.0, 16)
    return RotaryEmbedding(12, 5e5, scaling=scaling, attention_factor=yarn_attention_factor(32.0))


class PerHead(nn.Module):
    """Normalize each head by itself, with the weights of all heads together."""

    def __init__(self, norm):
        super().__init__()
        self.norm = norm

    def forward(self, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6) * self.norm.weight


def normalize_before(model):
    """Put the norms where Llama and Qwen3 have them."""

    def forward(self, x, positions, cache=None):
        x = x + self.attention(self.attention_post_norm(x), positions, cache)
        return x + self.feed_forward(self.feed_forward_post_norm(x))

    for block in model.blocks:
        block.forward = MethodType(forward, block)


MISTAKES = {
    "norms before the parts": ("published pattern", normalize_before),
    "YaRN without its factor": (
        "long",
        lambda model: setattr(oracle.attentions(model)[3].rotary, "attention_factor", 1.0),
    ),
    "YaRN on every layer": ("long", lambda model: oracle.replace_rotary(model, scaled)),
    "YaRN nowhere": (
        "long",
        lambda model: oracle.replace_rotary(model, lambda _: RotaryEmbedding(12, 5e5)),
    ),
    "norms of single heads": (
        "published pattern",
        lambda model: oracle.set_everywhere(
            oracle.attentions(model)[:1], q_norm=PerHead(oracle.attentions(model)[0].q_norm)
        ),
    ),
    "a window everywhere": (
        "published pattern",
        lambda model: oracle.set_everywhere(oracle.attentions(model), window=5),
    ),
}


class TestOlmo3(oracle.Family):
    REFERENCE = REFERENCE
    CASES = CASES
    MISTAKES = MISTAKES


def test_the_preset_has_the_layers_and_heads_that_are_published():
    with torch.device("meta"):
        model = Olmo3(OLMO_3_7B)
    windows = [attention.window for attention in oracle.attentions(model)]
    assert windows == [4096, 4096, 4096, None] * 8


def test_the_presets_have_the_parameters_that_we_count_by_hand():
    with torch.device("meta"):
        counts = [count_parameters(Olmo3(config)) for config in (OLMO_3_7B, OLMO_3_32B)]
    small, large = 4 * 4096**2 + 3 * 4096 * 11_008, 2 * 5120 * (5120 + 1024) + 3 * 5120 * 27_648
    assert counts == [
        32 * (small + 4 * 4096) + 2 * 100_278 * 4096 + 4096,
        64 * (large + 3 * 5120 + 1024) + 2 * 100_278 * 5120 + 5120,
    ]


def test_only_layers_that_see_everything_are_slowed():
    with torch.device("meta"):
        model = Olmo3(OLMO_3_7B)
    factors = [attention.rotary.attention_factor for attention in oracle.attentions(model)]
    assert factors == ([1.0] * 3 + [yarn_attention_factor(8.0)]) * 8
    plain, slowed = (attention.rotary for attention in oracle.attentions(model)[2:4])
    cpu = torch.device("cpu")
    assert (slowed.signed_frequencies[cpu].abs() <= plain.signed_frequencies[cpu].abs()).all()
    assert not torch.equal(slowed.signed_frequencies[cpu], plain.signed_frequencies[cpu])
