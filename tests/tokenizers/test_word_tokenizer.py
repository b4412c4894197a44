import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_book.tokenizers.word_tokenizer import Tokenizer, WordTokenizer, split_words

TEXT = "The sea was calm. The boat, however, was not."


def test_words_worked_by_hand():
    assert split_words("The boat,  however…") == ["The", " ", "boat", ",", "  ", "however", "…"]


def test_ids_are_the_places_of_the_sorted_words():
    tokenizer = WordTokenizer("b a, b")
    assert tokenizer.vocab == {" ": 0, ",": 1, "a": 2, "b": 3}
    assert tokenizer.encode("a b") == [2, 0, 3]


@given(st.text())
@settings(derandomize=True, deadline=None)
def test_decoding_gives_the_text_back(text):
    tokenizer = WordTokenizer(text)
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_every_id_is_below_the_vocabulary_size():
    tokenizer: Tokenizer = WordTokenizer(TEXT, unknown_token="<|unk|>")
    assert set(tokenizer.encode(TEXT)) | {tokenizer.encode("new")[0]} == set(
        range(tokenizer.vocab_size)
    )


def test_a_new_word_is_an_error_that_names_it():
    with pytest.raises(ValueError, match="'storm' is not in the vocabulary of 10 words"):
        WordTokenizer(TEXT).encode("The storm")


def test_a_new_word_becomes_the_unknown_token_when_asked():
    tokenizer = WordTokenizer(TEXT, unknown_token="<|unk|>")
    assert tokenizer.decode(tokenizer.encode("The storm was calm.")) == "The <|unk|> was calm."
    assert tokenizer.encode("storm") == [10]  # behind the ten words


def test_chinese_without_spaces_makes_a_clause_one_word():
    tokenizer = WordTokenizer("小船很稳。大海很静。")
    assert sorted(tokenizer.vocab) == ["。", "大海很静", "小船很稳"]
    with pytest.raises(ValueError, match="'小船很静' is not in the vocabulary"):
        tokenizer.encode("小船很静。")


@pytest.mark.parametrize("i", [-1, 10])
def test_an_unknown_id_is_an_error(i):
    with pytest.raises(ValueError, match=rf"id {i} is outside \[0, 10\)"):
        WordTokenizer(TEXT).decode([0, i])


def test_an_unknown_token_that_is_a_word_is_an_error():
    with pytest.raises(ValueError, match="'boat' is a word of the text"):
        WordTokenizer(TEXT, unknown_token="boat")
