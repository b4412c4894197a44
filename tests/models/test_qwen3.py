import pytest
import torch
import transformers as hf
from torch import nn

from llm_book.models.causal_lm import count_parameters
from llm_book.models.qwen3 import QWEN3_0_6B, QWEN3_30B_A3B, Qwen3
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


@pytest.fixture(scope="module", params=CASES)
def pair(request, tmp_path_factory):
    theirs = oracle.reference(*REFERENCE, **CASES[request.param])
    return oracle.published_pair(theirs, tmp_path_factory.mktemp(request.param.replace(" ", "_")))


def test_logits_equal_transformers(pair):
    oracle.assert_same_logits(*pair)


@pytest.mark.parametrize("sizes", [[1] * 24, [10, 9, 5], [23, 1]], ids=str)
def test_a_text_in_chunks_equals_transformers_in_one(pair, sizes):
    oracle.assert_same_in_chunks(*pair, sizes)


def test_a_greedy_continuation_of_64_tokens_equals_transformers(pair):
    oracle.assert_same_continuation(*pair)


def test_a_padded_batch_equals_transformers_row_by_row(pair):
    oracle.assert_padding_changes_nothing(*pair)


def test_saved_weights_are_those_that_transformers_loads(pair, tmp_path):
    oracle.assert_saved_as_published(*pair, tmp_path / "saved")


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_comparison_notices(mistake, tmp_path):
    name, spoil = MISTAKES[mistake]
    theirs = oracle.reference(*REFERENCE, **CASES[name])
    oracle.assert_noticed(spoil, *oracle.published_pair(theirs, tmp_path))


@pytest.mark.parametrize(
    ("config", "expected"),
    [(QWEN3_0_6B, 596_049_920), (QWEN3_30B_A3B, 30_532_122_624)],
    ids=["Qwen3-0.6B", "Qwen3-30B-A3B"],
)
def test_the_presets_have_the_published_numbers_of_parameters(config, expected):
    with torch.device("meta"):
        assert count_parameters(Qwen3(config)) == expected
