"""Words as tokens: the simplest tokenizer, and the interface that every tokenizer obeys."""

import re
from collections.abc import Iterable
from typing import Protocol


class Tokenizer(Protocol):
    """Turn text into ids in [0, vocab_size), and ids back into text."""

    @property
    def vocab_size(self) -> int:
        """The number of ids a model must be prepared for."""

    def encode(self, text: str) -> list[int]:
        """Return the ids of the text's tokens."""

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text that the ids stand for."""


def split_words(text: str) -> list[str]:
    """Split text into words, single punctuation marks and runs of white space.

    Nothing is dropped: joined together, the pieces are the text.
    """
    return re.findall(r"\w+|[^\w\s]|\s+", text)


class WordTokenizer:
    """Give each distinct word of a text an id.

    Args:
        text: The words of this text, sorted, are the vocabulary.
        unknown_token: Stands for every word outside the vocabulary, as `"<|unk|>"`, and gets
            the last id. Without it such a word is an error.

    Raises:
        ValueError: if `unknown_token` is a word of the text, if `encode` meets a word that is not
            in the vocabulary and there is no unknown token, or `decode` an id that is not.
    """

    def __init__(self, text: str, *, unknown_token: str | None = None) -> None:
        words = sorted(set(split_words(text)))
        if unknown_token in words:
            raise ValueError(f"unknown_token {unknown_token!r} is a word of the text")
        if unknown_token is not None:
            words.append(unknown_token)
        self.unknown_token = unknown_token
        self.vocab = {word: i for i, word in enumerate(words)}
        self._words = words

    @property
    def vocab_size(self) -> int:
        """The number of words, with the unknown token."""
        return len(self.vocab)

    def encode(self, text: str) -> list[int]:
        """Return the ids of the text's words."""
        return [self._id(word) for word in split_words(text)]

    def decode(self, ids: Iterable[int]) -> str:
        """Return the words of the ids, joined: the text, where no word was unknown."""
        return "".join(self._word(i) for i in ids)

    def _id(self, word: str) -> int:
        if word in self.vocab:
            return self.vocab[word]
        if self.unknown_token is not None:
            return self.vocab[self.unknown_token]
        raise ValueError(f"{word!r} is not in the vocabulary of {self.vocab_size} words")

    def _word(self, i: int) -> str:
        if 0 <= i < self.vocab_size:
            return self._words[i]
        raise ValueError(f"id {i} is outside [0, {self.vocab_size})")
