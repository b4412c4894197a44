import pytest
import torch
import transformers as hf

from llm_book.models.causal_lm import count_parameters
from llm_book.models.gemma3 import (
    GEMMA_3_1B,
    GEMMA_3_4B,
    GEMMA_3_27B,
    GEMMA_3_270M,
    Gemma3,
    Gemma3Config,
)
from llm_book.nn.rotary_embedding import RotaryEmbedding
from tests.models import oracle

REFERENCE = hf.Gemma3ForCausalLM, hf.Gemma3TextConfig
BASE = {
    "head_dim": 16,
    "query_pre_attn_scalar": 24,
    "sliding_window": 5,
    "layer_types": ["sliding_attention", "full_attention"] * 2,
}
SLOWED = {
    "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6},
    "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
}
CASES = {
    "alternating": BASE,
    "last layer sees all": BASE | {"layer_types": ["sliding_attention"] * 3 + ["full_attention"]},
    "all windows": BASE | {"layer_types": ["sliding_attention"] * 4, "sliding_window": 3},
    "slowed": BASE | {"rope_parameters": SLOWED},
    "untied": BASE | {"tie_word_embeddings": False},
    "wide heads": BASE | {"head_dim": 32, "num_key_value_heads": 1, "rms_norm_eps": 0.1},
}


def exchange_norms(model):
    """Put post_attention_layernorm where Llama and Qwen3 have it."""
    for block in model.blocks:
        norms = block.feed_forward_norm, block.attention_post_norm
        block.attention_post_norm, block.feed_forward_norm = norms


MISTAKES = {
    "a window everywhere": (
        "alternating",
        lambda model: oracle.set_everywhere(oracle.attentions(model), window=5),
    ),
    "a window that is one too wide": (
        "alternating",
        lambda model: oracle.set_everywhere(oracle.attentions(model)[::2], window=6),
    ),
    "norms around the sum exchanged": ("alternating", exchange_norms),
    "one base for all layers": (
        "alternating",
        lambda model: oracle.replace_rotary(model, lambda _: RotaryEmbedding(16, 1e6)),
    ),
    "scores by the width of a head": (
        "alternating",
        lambda model: oracle.set_everywhere(oracle.attentions(model), scale=16**-0.5),
    ),
    "norms that multiply by w": (
        "alternating",
        lambda model: oracle.set_everywhere([model.norm], offset=0.0),
    ),
    "an embedding that is not scaled": (
        "untied",
        lambda model: model.embedding.weight.mul_(48**-0.5),
    ),
}


class TestGemma3(oracle.Family):
    REFERENCE = REFERENCE
    CASES = CASES
    MISTAKES = MISTAKES
    NORMS_AROUND = 0.0


@pytest.mark.parametrize(
    ("config", "embedding", "blocks"),
    [
        (GEMMA_3_270M, 167_772_160, 100_326_016),
        (GEMMA_3_1B, 301_989_888, 697_896_064),  # 302M and 698M in the report
        (GEMMA_3_4B, 671_252_480, 3_209_010_688),  # 3,209M in the report
        (GEMMA_3_27B, 1_409_630_208, 25_599_716_096),  # 25,600M in the report
    ],
    ids=["270M", "1B", "4B", "27B"],
)
def test_the_presets_have_the_published_numbers_of_parameters(config, embedding, blocks):
    with torch.device("meta"):
        model = Gemma3(config)
    assert count_parameters(model.embedding) == embedding
    assert count_parameters(model) - embedding == blocks


def test_a_layer_with_a_window_keeps_no_more_than_its_window():
    with torch.device("meta"):
        caches = Gemma3(GEMMA_3_1B).make_cache(1, 32_768)
    slots = [cache.keys.shape[1] for cache in caches]
    assert slots == ([512] * 5 + [32_768]) * 4 + [512] * 2


def test_the_factor_of_the_embedding_is_rounded_with_the_weights():
    config = Gemma3Config(
        vocab_size=7, dim=3072, n_layers=1, n_heads=1, n_kv_heads=1, hidden_dim=8,
        global_layers=(0,), head_dim=4,
    )  # fmt: skip
    model = Gemma3(config).bfloat16()
    row = torch.linspace(1, 2, 3072, dtype=torch.bfloat16)  # some products are rounded otherwise
    with torch.no_grad():
        model.embedding.weight[0] = row
        x = model.embed(torch.tensor([[0]]), torch.tensor([0]))
    assert x.dtype == torch.bfloat16
    assert x[0, 0].tolist() == (row * 55.5).tolist()  # √3072 is 55.43
