import torch
import transformers as hf

from llm_book.models.causal_lm import count_parameters
from llm_book.models.gemma3 import GEMMA_3_270M, Gemma3, Gemma3Config
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
MISTAKES = {
    "a window everywhere": (
        "alternating",
        lambda model: oracle.set_everywhere(oracle.attentions(model), window=5),
    ),
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


def test_the_preset_has_the_published_number_of_parameters():
    with torch.device("meta"):
        assert count_parameters(Gemma3(GEMMA_3_270M)) == 268_098_176


def test_a_hub_file_of_the_older_dialect_is_read():
    fields = GEMMA_3_270M.to_published()
    del fields["layer_types"]
    assert Gemma3Config.from_published(fields | {"sliding_window_pattern": 6}) == GEMMA_3_270M


def test_the_factor_of_the_embedding_is_rounded_with_the_weights():
    config = Gemma3Config(
        vocab_size=7, dim=3072, n_layers=1, n_heads=1, n_kv_heads=1, hidden_dim=8,
        global_layers=(0,), head_dim=4,
    )  # fmt: skip
    model = Gemma3(config).bfloat16()
    with torch.no_grad():
        model.embedding.weight.fill_(1.0)
    x = model.embed(torch.tensor([[0]]), torch.tensor([0]))
    assert x.dtype == torch.bfloat16
    assert x.unique().tolist() == [55.5]  # √3072 is 55.43
