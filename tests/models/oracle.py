"""The recipe by which every family is proved equal to its reference in transformers."""

import json

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from llm_book.generation.generate import generate
from llm_book.pretrained.export import save_pretrained
from llm_book.pretrained.load import from_pretrained

V, B, T = 97, 2, 24
TOLERANCE = {"rtol": 1e-4, "atol": 1e-4}
# What transformers calls the sizes of a model that is small and yet has no two sizes alike.
SIZES = {
    "vocab_size": V,
    "hidden_size": 48,
    "intermediate_size": 80,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "pad_token_id": None,
    "bos_token_id": None,
    "eos_token_id": None,
    "attn_implementation": "eager",
}


def randomize(model, *, norms_around=1.0):
    """Give every parameter a value that it is never initialized to, so that none is ignored."""
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            nn.init.normal_(parameter, std=0.2)
        elif parameter.dim() == 1:
            nn.init.normal_(parameter, mean=norms_around, std=0.2)
        else:
            nn.init.normal_(parameter, std=parameter.shape[-1] ** -0.5)


def reference(model_class, config_class, *, norms_around=1.0, seed=0, **options):
    """Return a tiny model of transformers whose parameters are all random."""
    torch.manual_seed(seed)
    theirs = model_class(config_class(**{**SIZES, **options})).eval()
    randomize(theirs, norms_around=norms_around)
    return theirs


def published_pair(theirs, folder):
    """Return a model of transformers, and ours, loaded from the files that it writes."""
    theirs.save_pretrained(folder)
    return theirs, from_pretrained(folder)


def random_tokens(rows=B, length=T, seed=1):
    """Return ids that do not depend on anything else that is random."""
    return torch.randint(V, (rows, length), generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def assert_same_logits(theirs, ours):
    """Compare one pass."""
    tokens = random_tokens()
    expected = theirs(tokens).logits
    assert 0.3 < expected.std() < 30, "logits that hardly differ prove nothing"
    assert_close(ours(tokens), expected, **TOLERANCE)


@torch.no_grad()
def assert_same_in_chunks(theirs, ours, sizes):
    """Compare a prefill in chunks, and decoding token by token, with one pass of theirs."""
    tokens = random_tokens()
    cache = ours.make_cache(B, 2 * T)
    logits = torch.cat([ours(part, cache) for part in tokens.split(sizes, 1)], 1)
    assert_close(logits, theirs(tokens).logits, **TOLERANCE)


def assert_same_continuation(theirs, ours, n_new=64):
    """Compare greedy decoding, both with their caches."""
    tokens = random_tokens()
    visible = torch.ones_like(tokens)  # else they take id 0 for padding
    expected = theirs.generate(
        tokens, attention_mask=visible, max_new_tokens=n_new, do_sample=False, pad_token_id=0
    )
    assert generate(ours, tokens, n_new) == expected[:, T:].tolist()


@torch.no_grad()
def assert_padding_changes_nothing(theirs, ours):
    """Compare rows of unequal length in one batch with each of them alone in theirs."""
    tokens, pads = random_tokens(3), torch.tensor([0, 5, 20])
    logits = ours(tokens, positions=torch.arange(T) - pads[:, None])
    assert logits.isfinite().all()
    for row, pad in enumerate(pads.tolist()):
        expected = theirs(tokens[row : row + 1, pad:]).logits
        assert_close(logits[row : row + 1, pad:], expected, **TOLERANCE)


@torch.no_grad()
def assert_saved_as_published(theirs, ours, folder):
    """Let transformers load what we write, and compare its logits with those it had."""
    save_pretrained(ours, folder)
    # Their default for padding lies outside our small vocabulary.
    options = {"attn_implementation": "eager", "pad_token_id": None}
    again = type(theirs).from_pretrained(folder, **options).eval()
    tokens = random_tokens()
    assert_close(again(tokens).logits, theirs(tokens).logits, rtol=1e-6, atol=1e-6)
    assert from_pretrained(folder).config == ours.config


def assert_noticed(spoil, theirs, ours):
    """Plant a mistake in our model and see the comparison fail."""
    assert_same_logits(theirs, ours)
    with torch.no_grad():
        spoil(ours)
    with pytest.raises(AssertionError, match="not close"):
        assert_same_logits(theirs, ours)


def attentions(model):
    """Return the attention of every layer."""
    return [block.attention for block in model.blocks]


def replace_rotary(model, change, layers=slice(None)):
    """Change the rotary embedding of some layers."""
    for attention in attentions(model)[layers]:
        attention.rotary = change(attention.rotary)


def set_everywhere(modules, **attributes):
    """Set attributes of some modules."""
    for module in modules:
        for name, value in attributes.items():
            setattr(module, name, value)


def write_json(path, content):
    """Write a config.json."""
    path.write_text(json.dumps(content), "utf-8")


class Family:
    """What every family has to pass; a subclass names its reference, its cases, and its mistakes.

    Attributes:
        REFERENCE: Classes of model and config in transformers.
        CASES: Options of the config, by name.
        MISTAKES: By name, the case and a function that spoils our model of it.
        NORMS_AROUND: Mean of the random weights of the norms.
    """

    NORMS_AROUND = 1.0

    def pytest_generate_tests(self, metafunc):
        if "pair" in metafunc.fixturenames:
            metafunc.parametrize("pair", self.CASES, indirect=True, scope="class")
        if "mistake" in metafunc.fixturenames:
            metafunc.parametrize("mistake", self.MISTAKES)

    @classmethod
    def make(cls, case, folder):
        theirs = reference(*cls.REFERENCE, norms_around=cls.NORMS_AROUND, **cls.CASES[case])
        return published_pair(theirs, folder)

    @pytest.fixture(scope="class")
    @classmethod
    def pair(cls, request, tmp_path_factory):
        return cls.make(request.param, tmp_path_factory.mktemp("published"))

    def test_logits_equal_transformers(self, pair):
        assert_same_logits(*pair)

    @pytest.mark.parametrize("sizes", [[1] * 24, [10, 9, 5], [23, 1]], ids=str)
    def test_a_text_in_chunks_equals_transformers_in_one(self, pair, sizes):
        assert_same_in_chunks(*pair, sizes)

    def test_a_greedy_continuation_of_64_tokens_equals_transformers(self, pair):
        assert_same_continuation(*pair)

    def test_a_padded_batch_equals_transformers_row_by_row(self, pair):
        assert_padding_changes_nothing(*pair)

    def test_saved_weights_are_those_that_transformers_loads(self, pair, tmp_path):
        assert_saved_as_published(*pair, tmp_path / "saved")

    def test_the_comparison_notices(self, mistake, tmp_path):
        case, spoil = self.MISTAKES[mistake]
        assert_noticed(spoil, *self.make(case, tmp_path))
