"""How fast stories are written and read, and how far counting models stay above the floor."""

import math
import statistics
import time
from collections import Counter, defaultdict

from tqdm import tqdm

from llm_book.data.stories import LANGUAGES, Grammar, StoryGrammar

BINS = 50  # parts of equal length into which each story is cut
CONTEXTS = (0, 1, 2, 3, 4, 6, 8, 10, 12, 16)
TRAINING, VALIDATION = 0, 1  # seeds
SHOWN = 8  # the context whose losses are followed along the story


class CountingModel:
    """Predict a character from up to `context` before it, as often as it followed them.

    A context that was followed by n different characters leans on the context that is one
    shorter with n counts; the empty one leans on a uniform choice (Witten & Bell 1991).
    """

    def __init__(self, stories: list[str], context: int) -> None:
        self.context = context
        self.alphabet = len(set("".join(stories)))
        self.after: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for story in stories:
            for at, character in enumerate(story):
                for start in range(max(0, at - context), at + 1):
                    self.after[story[start:at]][character] += 1
        self.seen = {key: counts.total() for key, counts in self.after.items()}

    def losses(self, story: str) -> list[list[float]]:
        """Return -log p (nats) of each character, for each context from 0 to the longest."""
        losses: list[list[float]] = [[] for _ in range(self.context + 1)]
        for at, character in enumerate(story):
            p = 1 / self.alphabet
            for length in range(self.context + 1):
                key = story[at - length : at] if length <= at else ""
                if length <= at and key in self.seen:
                    counts = self.after[key]
                    p = (counts[character] + len(counts) * p) / (self.seen[key] + len(counts))
                losses[length].append(-math.log(p))
        return losses


def bench_write(benchmark):
    grammar = StoryGrammar("en")
    assert len(benchmark(grammar.sample, 100)) == 100


def bench_log_prob(benchmark):
    grammar = StoryGrammar("en")
    assert benchmark(grammar.log_prob, grammar.sample(1)[0]) < 0


def bench_parse(benchmark):
    grammar = StoryGrammar("en")
    assert benchmark(grammar.parse, grammar.sample(1)[0]).log_prob < 0


def bench_entropy(benchmark):
    def work():
        return StoryGrammar("en").per_story.entropy

    assert 70 < benchmark(work) < 80


def bench_counting_model(benchmark):
    stories = StoryGrammar("en").sample(20)
    model = benchmark(CountingModel, stories, 3)
    assert len(model.losses(stories[0])) == 4


def write(grammar: Grammar, n_bytes: int) -> list[str]:
    """Write stories until they have `n_bytes` bytes."""
    stories, size = [], 0
    for story in grammar.stories(TRAINING):
        stories.append(story)
        size += len(story.encode())
        if size >= n_bytes:
            return stories
    raise AssertionError("stories do not end")


def seconds(work) -> float:
    """Time one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def sampled(values: list[float]) -> dict[str, float]:
    """Return the mean and its standard error."""
    return {
        "n": len(values),
        "mean": statistics.mean(values),
        "error": statistics.stdev(values) / math.sqrt(len(values)),
    }


def binned(losses: list[list[float]]) -> list[float]:
    """Average the values of many stories in `BINS` parts of each story, start to end."""
    total, count = [0.0] * BINS, [0] * BINS
    for story in losses:
        for at, loss in enumerate(story):
            total[at * BINS // len(story)] += loss
            count[at * BINS // len(story)] += 1
    return [t / c for t, c in zip(total, count, strict=True)]


def measure_speed(rounds: int, n_bytes: int) -> dict:
    """Write and read stories in both languages, in turn."""
    grammars = {language: StoryGrammar(language) for language in LANGUAGES}
    some = {language: grammar.sample(200) for language, grammar in grammars.items()}
    times = defaultdict(list)
    for _ in tqdm(range(rounds), desc="speed", disable=None):
        for language, grammar in grammars.items():
            works = {
                "write": lambda g=grammar: write(g, n_bytes),
                "log_prob": lambda g=grammar, s=some[language]: [g.log_prob(x) for x in s],
                "parse": lambda g=grammar, s=some[language]: [g.parse(x) for x in s],
                "entropy": lambda language=language: StoryGrammar(language).per_story,
            }
            for name, work in works.items():
                times[name, language].append(seconds(work))
    median = {key: statistics.median(spent) for key, spent in times.items()}
    return {
        language: {
            "bytes": n_bytes,
            "write_seconds": median["write", language],
            "log_prob_milliseconds": 1000 * median["log_prob", language] / 200,
            "parse_milliseconds": 1000 * median["parse", language] / 200,
            "entropy_seconds": median["entropy", language],
        }
        for language in LANGUAGES
    }


def measure_grammar(language: str, n_bytes: int, n_sampled: int) -> dict:
    """Compare what is computed exactly with what samples say."""
    grammar = StoryGrammar(language)
    exact = grammar.per_story
    stories = write(grammar, n_bytes)
    surprisals = [
        -grammar.log_prob(story)
        for story in tqdm(grammar.sample(n_sampled, VALIDATION), desc=language, disable=None)
    ]
    return {
        "entropy": exact.entropy,
        "length": exact.length,
        "bytes_per_character": len("".join(stories).encode()) / len("".join(stories)),
        "texts": str(exact.texts),
        "entropy_per_character": grammar.entropy_per_character(),
        "sampled_entropy": sampled(surprisals),
        "stories_written": len(stories),
        "stories_distinct": len(set(stories)),
    }


def measure_models(language: str, n_training: int, n_validation: int) -> dict:
    """Train counting models on stories and test them on others, beside the floor."""
    grammar = StoryGrammar(language)
    validation = grammar.sample(n_validation, VALIDATION)
    floors = [grammar.parse(story).surprisals for story in validation]
    size = sum(map(len, validation))
    model = CountingModel(grammar.sample(n_training, TRAINING), max(CONTEXTS))
    losses = [model.losses(story) for story in tqdm(validation, desc="models", disable=None)]
    return {
        "n_training": n_training,
        "n_validation": n_validation,
        "floor": sum(map(sum, floors)) / size,
        "losses": {str(k): sum(sum(loss[k]) for loss in losses) / size for k in CONTEXTS},
        "floor_along": binned(floors),
        "loss_along": binned([loss[SHOWN] for loss in losses]),
        "shown": SHOWN,
    }


def measure() -> dict:
    """Measure everything; about two minutes."""
    speed = measure_speed(5, 10_000_000)
    return {
        language: speed[language]
        | measure_grammar(language, 10_000_000, 10_000)
        | measure_models(language, 3000, 300)
        for language in LANGUAGES
    }
