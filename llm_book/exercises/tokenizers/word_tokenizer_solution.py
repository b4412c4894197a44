"""Solutions to the exercises of tokenizers/word_tokenizer."""

from collections import Counter

from llm_book.tokenizers.word_tokenizer import split_words


def coverage(known_text: str, new_text: str) -> float:
    """Return the share of the words of one text that stand in another.

    Words are the pieces of `split_words` that are not white space; a word that occurs twice in
    `new_text` counts twice. A text without words is covered: return 1.0.
    """
    known = set(split_words(known_text))
    words = [word for word in split_words(new_text) if not word.isspace()]
    return sum(word in known for word in words) / len(words) if words else 1.0


def vocabulary_needed(text: str, share: float) -> int:
    """Return how many distinct words make up at least `share` of all the words of a text.

    Take the most frequent words first. Words are the pieces of `split_words` that are not white
    space. Try 0.5, 0.9 and 1.0 on a long text: where does the vocabulary go?
    """
    counts = Counter(word for word in split_words(text) if not word.isspace())
    covered = needed = 0
    for _, count in counts.most_common():
        if covered >= share * counts.total():
            break
        covered += count
        needed += 1
    return needed
