"""Solutions to the exercises of data/stories."""

import math
from typing import Any

from llm_book.data.stories import Grammar


def measure(tree: Any) -> tuple[float, float, int]:
    """Return the entropy (nats), the mean length (characters) and the number of texts."""
    if isinstance(tree, str):
        return 0.0, len(tree), 1
    if isinstance(tree, tuple):
        parts = [measure(part) for part in tree]
        return sum(p[0] for p in parts), sum(p[1] for p in parts), math.prod(p[2] for p in parts)
    total = sum(weight for weight, _ in tree)
    entropy, length, texts = 0.0, 0.0, 0
    for weight, option in tree:
        p, inside = weight / total, measure(option)
        entropy += p * (inside[0] - math.log(p))  # the choice itself, and what follows it
        length += p * inside[1]
        texts += inside[2]
    return entropy, length, texts


def next_characters(grammar: Grammar, beginning: str, alphabet: str) -> dict[str, float]:
    """Return the true probability of every character that can follow the beginning of a story."""
    surprisals = {c: grammar.parse(beginning + c).surprisals[-1] for c in alphabet}
    return {c: math.exp(-s) for c, s in surprisals.items() if s < math.inf}
