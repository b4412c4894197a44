import pytest
import torch
import transformers as hf
from torch import nn

from llm_book.models.causal_lm import count_parameters
from llm_book.models.qwen3 import QWEN3_0_6B, QWEN3_8B, QWEN3_30B_A3B, Qwen3
from llm_book.nn.mixture_of_experts import MixtureOfExperts
from tests.models import oracle

DENSE = {"head_dim": 16, "rope_parameters": {"rope_type": "default", "rope_theta": 1e6}}
SPARSE = DENSE | {
    "num_experts": 8,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 24,
    "norm_topk_prob": True,
    "mlp_only_layers": [],
}
YARN = {"rope_type": "yarn", "factor": 32.0, "original_max_position_embeddings": 16}
CASES = {
    "dense": DENSE,
    "tied": DENSE | {"tie_word_embeddings": True, "num_key_value_heads": 4},
    "wide heads": DENSE | {"head_dim": 32, "num_key_value_heads": 1, "rms_norm_eps": 0.1},
    "long": DENSE | {"rope_parameters": YARN | {"rope_theta": 1e6}},
    "experts": SPARSE,
    "shares as they are": SPARSE | {"norm_topk_prob": False, "num_experts_per_tok": 3},
    "one expert": SPARSE | {"num_experts_per_tok": 1},
    "some layers dense": SPARSE | {"mlp_only_layers": [2], "decoder_sparse_step": 2},
}


def experts(model):
    return [module for module in model.modules() if isinstance(module, MixtureOfExperts)]


MISTAKES = {
    "queries not normalized": (
        "dense",
        lambda model: oracle.set_everywhere(oracle.attentions(model), q_norm=nn.Identity()),
    ),
    "keys normalized by the norm of queries": (
        "dense",
        lambda model: oracle.set_everywhere(
            oracle.attentions(model)[:1], k_norm=oracle.attentions(model)[0].q_norm
        ),
    ),
    "shares that add up to 1": (
        "shares as they are",
        lambda model: oracle.set_everywhere([e.router for e in experts(model)], normalize=True),
    ),
    "shares as they are": (
        "experts",
        lambda model: oracle.set_everywhere([e.router for e in experts(model)], normalize=False),
    ),
    "two experts exchanged": (
        "experts",
        lambda model: oracle.set_everywhere(
            experts(model), experts=nn.ModuleList(reversed(experts(model)[0].experts))
        ),
    ),
}


class Reference:
    """Choose the class by the options, as there are two."""

    def __new__(cls, config):
        sparse = isinstance(config, hf.Qwen3MoeConfig)
        return hf.Qwen3MoeForCausalLM(config) if sparse else hf.Qwen3ForCausalLM(config)


def make_config(**options):
    return (hf.Qwen3MoeConfig if "num_experts" in options else hf.Qwen3Config)(**options)


REFERENCE = Reference, make_config


class TestQwen3(oracle.Family):
    REFERENCE = REFERENCE
    CASES = CASES
    MISTAKES = MISTAKES


@pytest.mark.parametrize(
    ("config", "expected"),
    [(QWEN3_0_6B, 596_049_920), (QWEN3_8B, 8_190_735_360), (QWEN3_30B_A3B, 30_532_122_624)],
    ids=["Qwen3-0.6B", "Qwen3-8B", "Qwen3-30B-A3B"],
)
def test_the_presets_have_the_published_numbers_of_parameters(config, expected):
    with torch.device("meta"):
        assert count_parameters(Qwen3(config)) == expected
