import pytest

from llm_book.models.gpt2 import GPT2_124M, GPT2Config
from llm_book.pretrained.families.gpt2 import GPT2Family


@pytest.mark.parametrize(
    "config",
    [
        GPT2_124M,
        GPT2Config(dim=8, n_layers=1, n_heads=2, hidden_dim=9, dropout=0.5, exact_gelu=True),
    ],
    ids=["124M", "other choices"],
)
def test_a_config_comes_back_from_what_it_writes(config):
    assert GPT2Family.read(GPT2Family.write(config)) == config


def test_the_first_files_leave_out_what_was_not_yet_a_choice():
    published = GPT2Family.write(GPT2_124M)
    del published["n_inner"], published["tie_word_embeddings"]
    assert GPT2Family.read(published) == GPT2_124M


def test_one_dropout_stands_for_three():
    published = GPT2Family.write(GPT2Config(dim=8, n_layers=1, n_heads=2, dropout=0.25))
    assert [published[name] for name in ("embd_pdrop", "attn_pdrop", "resid_pdrop")] == [0.25] * 3


def test_another_activation_is_refused():
    published = GPT2Family.write(GPT2_124M) | {"activation_function": "relu"}
    with pytest.raises(ValueError, match="activation_function='relu', expected gelu_new or gelu"):
        GPT2Family.read(published)


@pytest.mark.parametrize(
    ("field", "value"),
    [("scale_attn_weights", False), ("scale_attn_by_inverse_layer_idx", True)],
)
def test_scores_that_are_scaled_otherwise_are_refused(field, value):
    published = GPT2Family.write(GPT2_124M) | {field: value}
    with pytest.raises(ValueError, match=f"{field}={value}, expected {not value}"):
        GPT2Family.read(published)
