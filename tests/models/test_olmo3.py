import pytest
import torch
import transformers as hf
from torch import nn

from llm_book.models.olmo3 import OLMO_3_7B, Olmo3, Olmo3Config
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


MISTAKES = {
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


def test_the_preset_has_the_layers_and_heads_that_are_published():
    with torch.device("meta"):
        model = Olmo3(OLMO_3_7B)
    windows = [attention.window for attention in oracle.attentions(model)]
    assert windows == [4096, 4096, 4096, None] * 8


def test_a_file_without_a_list_of_layers_means_every_fourth():
    fields = OLMO_3_7B.to_published()
    del fields["layer_types"]
    assert Olmo3Config.from_published(fields) == OLMO_3_7B
