from collections import Counter

import pytest

from llm_book.tokenizers.bpe import BPETokenizer, train_bpe
from llm_book.tokenizers.word_tokenizer import WordTokenizer


def test_a_pair_counts_as_often_as_its_word(exercise):
    words = {(b"l", b"o", b"w"): 3, (b"s", b"l", b"o", b"w"): 2, (b"a",): 7}
    assert dict(exercise.count_pairs(words)) == {
        (b"l", b"o"): 5,
        (b"o", b"w"): 5,
        (b"s", b"l"): 2,
    }


def test_a_pair_counts_wherever_it_stands_in_a_word(exercise):
    assert exercise.count_pairs({(b"a", b"a", b"a"): 2}) == {(b"a", b"a"): 4}


@pytest.mark.parametrize(
    ("word", "merged"),
    [
        ((b"a", b"b", b"a", b"b"), (b"ab", b"ab")),
        ((b"b", b"a"), (b"b", b"a")),
        ((b"a", b"a", b"b", b"b"), (b"a", b"ab", b"b")),
        ((b"a",), (b"a",)),
        ((), ()),
    ],
)
def test_each_occurrence_of_a_pair_is_joined(exercise, word, merged):
    assert exercise.merge(word, (b"a", b"b")) == merged


def test_a_run_is_joined_from_the_left(exercise):
    assert exercise.merge((b"a",) * 5, (b"a", b"a")) == (b"aa", b"aa", b"a")


def test_counting_and_merging_in_turn_trains_a_tokenizer(exercise):
    text = "low lower lowest slow"
    counts = Counter(dict.fromkeys(("low", " lower", " lowest", " slow"), 1))
    words = {tuple(bytes([b]) for b in word.encode()): n for word, n in counts.items()}
    learned = train_bpe(text, 261)
    for pair in learned.merges:
        pairs = exercise.count_pairs(words)
        assert pairs[pair] == max(pairs.values())
        words = {exercise.merge(word, pair): n for word, n in words.items()}


def test_fertility_is_tokens_per_character(exercise):
    assert exercise.fertility(BPETokenizer([]), "sea") == 1.0
    assert exercise.fertility(BPETokenizer([]), "海") == 3.0
    assert exercise.fertility(WordTokenizer("the sea"), "the sea") == 3 / 7
