"""Exercises of tokenizers/bpe."""

from collections import Counter
from collections.abc import Mapping

from llm_book.tokenizers.word_tokenizer import Tokenizer


def count_pairs(words: Mapping[tuple[bytes, ...], int]) -> Counter[tuple[bytes, bytes]]:
    """Count every pair of neighboring tokens.

    `words` maps a word, as a tuple of its tokens, to the number of times it occurs in the text:
    `{(b"l", b"o", b"w"): 3}` has the pairs `(b"l", b"o")` and `(b"o", b"w")`, 3 times each.
    """
    raise NotImplementedError


def merge(word: tuple[bytes, ...], pair: tuple[bytes, bytes]) -> tuple[bytes, ...]:
    """Join each occurrence of the pair in a word into one token, from left to right.

    `(b"a", b"a", b"a")` with the pair `(b"a", b"a")` becomes `(b"aa", b"a")`.
    """
    raise NotImplementedError


def fertility(tokenizer: Tokenizer, text: str) -> float:
    """Return the number of tokens a character costs on average.

    Compare an English text with a Chinese one: which costs more a character, and which more for
    what it says?
    """
    raise NotImplementedError
