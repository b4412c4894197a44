"""How fast words are split, and how a vocabulary of words never stops growing."""

import pydoc_data.topics

from llm_book.tokenizers.word_tokenizer import WordTokenizer, split_words


def english() -> str:
    """Return the English prose that every Python brings along: its language reference."""
    return "\n".join(pydoc_data.topics.topics[name] for name in sorted(pydoc_data.topics.topics))


def bench_encode(benchmark):
    text = english()[:20_000]
    tokenizer = WordTokenizer(text)
    assert len(benchmark(tokenizer.encode, text)) > 1000


def measure() -> dict:
    """Count the distinct words after every fiftieth of the text, and the new words at its end."""
    words = [word for word in split_words(english()) if word[0].isalpha()]
    known: set[str] = set()
    growth = []
    step = len(words) // 50
    for start in range(0, step * 50, step):
        known.update(words[start : start + step])
        growth.append({"words": start + step, "distinct": len(known)})
    cut = len(words) * 9 // 10
    seen, rest = set(words[:cut]), words[cut:]
    new = [word for word in rest if word not in seen]
    return {
        "growth": growth,
        "words": len(words),
        "rest": len(rest),
        "new": len(new),
        "new_distinct": len(set(new)),
        "new_examples": list(dict.fromkeys(new))[:5],
    }
