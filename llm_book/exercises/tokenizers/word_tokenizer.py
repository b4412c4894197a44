"""Exercises of tokenizers/word_tokenizer."""


def coverage(known_text: str, new_text: str) -> float:
    """Return the share of the words of one text that stand in another.

    Words are the pieces of `split_words` that are not white space; a word that occurs twice in
    `new_text` counts twice. A text without words is covered: return 1.0.
    """
    raise NotImplementedError


def vocabulary_needed(text: str, share: float) -> int:
    """Return how many distinct words make up at least `share` of all the words of a text.

    Take the most frequent words first. Words are the pieces of `split_words` that are not white
    space. Try 0.5, 0.9 and 1.0 on a long text: where does the vocabulary go?
    """
    raise NotImplementedError
