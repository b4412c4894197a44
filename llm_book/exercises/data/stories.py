"""Exercises of data/stories."""

from typing import Any

from llm_book.data.stories import Grammar


def measure(tree: Any) -> tuple[float, float, int]:
    """Return the entropy (nats), the mean length (characters) and the number of texts.

    The grammar is a tree without a memory. A string stands for itself; a tuple is a sequence,
    told from left to right; a list is a choice between `(weight, tree)` pairs. No text has two
    derivations. `("the ", [(3, "cat"), (1, "horse")])` has two texts of mean length 7.5.
    """
    raise NotImplementedError


def next_characters(grammar: Grammar, beginning: str, alphabet: str) -> dict[str, float]:
    """Return the true probability of every character that can follow the beginning of a story.

    Only characters of the alphabet with a probability above 0 are listed. What a language
    model has to learn from many stories, the grammar knows: ask it for its surprisals.
    """
    raise NotImplementedError
