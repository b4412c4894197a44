"""What a model of the stories gets wrong: judged by the grammar that wrote them."""

import math
import re
import statistics
from collections import Counter, defaultdict
from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F

from llm_book.data.stories import Grammar, Reading
from llm_book.models.causal_lm import CausalLM
from llm_book.tokenizers.bpe import BPETokenizer
from llm_book.training.storytelling import story_batch

PRONOUNS = {"they", "them", "their", "self", "child", "was", "s", "friend", "ta", "it", "kid"}
KINDS = {  # by variable of the plan, and by family of rules
    "hero": "name", "elder": "name", "friend": "name", "number": "number", "gift": "number",
    "home": "number", "quest": "wish", "glad": "wish", "sorry": "wish", "trouble": "plot",
    "choice": "plot", "act": "plot", "amends": "plot", "end": "plot", "moral": "moral",
    "town": "thing", "color": "thing", "garment": "thing", "snack": "thing", "keepsake": "thing",
}  # fmt: skip
FACTS = (
    "gift.name", "elder.name", "hero.name", "friend.name",
    "color.name", "garment.name", "keepsake.name", "snack.name", "town.name",
)  # fmt: skip


def kind_of_error(text: str, reading: Reading) -> str:
    """Name what a text got wrong first, by what it should have said: a fact, or its words."""
    if reading.stops_at == len(text):
        return "unfinished"
    kinds = set()
    for source in reading.expected:
        family, _, rest = source.replace("/", ".").partition(".")
        pronoun = "/" not in source and rest.lower() in PRONOUNS
        kinds.add("pronoun" if pronoun else KINDS.get(family, "wording"))
    return kinds.pop() if len(kinds) == 1 else "wording"


def judge(grammar: Grammar, texts: list[str]) -> dict:
    """Count the valid stories, and the first errors of the others by kind."""
    readings = [grammar.parse(text) for text in texts]
    wrong = [pair for pair in zip(texts, readings, strict=True) if pair[1].log_prob == -math.inf]
    kinds = Counter(kind_of_error(*pair) for pair in wrong)
    expected = Counter(" ".join(sorted(reading.expected)[:3]) for _, reading in wrong)
    examples: dict[str, list[dict]] = {}
    for text, reading in wrong:
        kept = examples.setdefault(kind_of_error(text, reading), [])
        if len(kept) < 3:
            start, stop = max(0, reading.stops_at - 90), reading.stops_at + 40
            kept.append(
                {
                    "before": text[start : reading.stops_at],
                    "after": text[reading.stops_at : stop],
                    "expected": sorted(reading.expected)[:4],
                }
            )
    return {
        "n": len(texts),
        "valid": len(texts) - len(wrong),
        "distinct": len(set(texts)),
        "errors": dict(kinds.most_common()),
        "expected": dict(expected.most_common(30)),
        "examples": examples,
        "characters_before_error": statistics.mean(r.stops_at for _, r in wrong) if wrong else None,
    }


class Mention(NamedTuple):
    """Where a story says a fact for the last time, after it has said it before.

    Attributes:
        fact: Of the plan, `"color.name"`.
        story: Number of the story.
        tokens: Those that share a character with the fact.
        surprise: What these tokens cost who knows the grammar (nats); the fact itself costs
            less than a hundredth.
    """

    fact: str
    story: int
    tokens: range
    surprise: float


def find_mentions(grammar: Grammar, tokenizer: BPETokenizer, stories: list[str]) -> list[Mention]:
    """Find the places at which a story has to be remembered."""
    found = []
    for number, story in enumerate(stories):
        reading = grammar.parse(story)
        byte_at = [0]
        for character in story:
            byte_at.append(byte_at[-1] + len(character.encode()))
        bounds = [0]
        for token in tokenizer.encode(story):
            bounds.append(bounds[-1] + len(tokenizer.decode_bytes([token])))
        for fact in FACTS:
            words = reading.plan.get(fact, "")
            edge = r"\b" if words.isascii() else ""
            spans = [match.span() for match in re.finditer(f"{edge}{words}{edge}", story)]
            if not words or len(spans) < 2 or sum(reading.surprisals[slice(*spans[-1])]) > 0.01:
                continue
            start, stop = (byte_at[place] for place in spans[-1])
            tokens = [i for i, (a, b) in enumerate(pairwise(bounds)) if a < stop and b > start]
            covered = (bounds[tokens[0]], bounds[tokens[-1] + 1])
            surprise = sum(
                nats
                for nats, (a, b) in zip(reading.surprisals, pairwise(byte_at), strict=True)
                if a < covered[1] and b > covered[0]
            )
            found.append(Mention(fact, number, range(tokens[0], tokens[-1] + 1), surprise))
    return found


def remembered(
    model: CausalLM, tokenizer: BPETokenizer, stories: list[str], mentions: list[Mention]
) -> dict[str, float]:
    """Return what each fact costs too much where it is said again (mean, nats).

    Guessing one of twelve colors would cost log 12 = 2.5 nats.
    """
    inputs, targets = story_batch(stories, tokenizer)
    with torch.no_grad():
        losses = F.cross_entropy(model(inputs).float().mT, targets, reduction="none")  # (B, T)
    excess = defaultdict(list)
    for mention in mentions:
        paid = losses[mention.story, list(mention.tokens)].sum().item()
        excess[mention.fact].append(paid - mention.surprise)
    return {fact: round(statistics.mean(excess[fact]), 4) for fact in FACTS if fact in excess}
