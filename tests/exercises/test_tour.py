import pytest

from llm_book.data.stories import StoryGrammar
from llm_book.tokenizers.bpe import train_bpe

END = "<|end|>"


@pytest.fixture(scope="module", params=["en", "zh"])
def tokenizer(request):
    return train_bpe(StoryGrammar(request.param).sample(20), 400, special_tokens=[END])


def test_other_ids_stand_for_the_same_tokens(exercise, tokenizer):
    other = exercise.exchange_ids(tokenizer, seed=0)
    assert set(other.vocab) == set(tokenizer.vocab)
    assert sorted(other.vocab.values()) == sorted(tokenizer.vocab.values())
    assert sum(other.vocab[token] == i for token, i in tokenizer.vocab.items()) < 20


def test_a_text_is_cut_at_the_same_places(exercise, tokenizer):
    other, text = exercise.exchange_ids(tokenizer, seed=0), "Mia found jam. 小石找到果酱。"
    back = {i: token for token, i in tokenizer.vocab.items()}
    renamed = [other.vocab[back[i]] for i in tokenizer.encode(text)]
    assert other.encode(text) == renamed
    assert other.decode(renamed) == text
    assert tokenizer.decode(renamed) != text


def test_special_tokens_and_the_old_tokenizer_stay_as_they_are(exercise, tokenizer):
    before = dict(tokenizer.vocab)
    other = exercise.exchange_ids(tokenizer, seed=1)
    assert other.special_tokens == tokenizer.special_tokens
    assert tokenizer.vocab == before


def test_the_order_depends_on_the_seed_alone(exercise, tokenizer):
    first, again, other = (exercise.exchange_ids(tokenizer, seed).vocab for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize(
    ("sizes", "loss"), [((1, 5, 5), 0.0), ((256, 10, 10), 5.5452), ((1000, 320, 1000), 2.2105)]
)
def test_guessing_costs_the_logarithm_of_the_vocabulary(exercise, sizes, loss):
    assert exercise.guessing_loss(*sizes) == pytest.approx(loss, abs=1e-4)
