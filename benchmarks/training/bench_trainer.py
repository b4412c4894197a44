"""How near GPTs of growing size come to the floor of the stories, and what they get wrong.

One size after the other, both languages side by side, each on one core. The runs are kept in
the folder for temporary files: started again, `measure()` goes on where it was stopped.
"""

import json
import math
import statistics
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

import torch
from torch import nn

from llm_book.data.stories import LANGUAGES, Grammar, Reading, StoryGrammar
from llm_book.models.causal_lm import count_parameters
from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.tokenizers.bpe import train_bpe
from llm_book.training.storytelling import END, StoryBatches, lowest_loss, story_batch, tell
from llm_book.training.trainer import (
    History,
    TrainingConfig,
    count_targets,
    evaluate_loss,
    make_optimizer,
    train,
)

FOLDER = Path(tempfile.gettempdir()) / "llm_book-trainer"
VOCAB_SIZE, CONTEXT_LENGTH, BATCH_SIZE = 2000, 512, 8
TRAINING, VALIDATION, TOKENIZER = 0, 1, 2  # seeds
LADDER = {  # layers, width, heads, steps
    "1x64": (1, 64, 2, 2500),
    "2x64": (2, 64, 2, 2500),
    "2x192": (2, 192, 6, 7000),
}
SHOWN = (0, 100, 300, 1000, 2500)  # steps after which a story is kept, beside the last


class Bfloat16Products(nn.Module):
    """A model whose matrix products run in bfloat16; its weights and sums stay in float32."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        with torch.autocast("cpu", torch.bfloat16):
            return self.model(tokens)


class Setting:
    """The stories of a language, cut into tokens, and what they cost at least."""

    def __init__(self, language: str, n_validation: int) -> None:
        self.grammar = StoryGrammar(language)
        stories = self.grammar.sample(3000, TOKENIZER)
        self.tokenizer = train_bpe(stories, VOCAB_SIZE, special_tokens=(END,))
        held_out = self.grammar.sample(n_validation, VALIDATION)
        self.n_characters = sum(map(len, held_out))
        self.floor = lowest_loss(self.grammar, held_out)
        parts = [held_out[at : at + 50] for at in range(0, len(held_out), 50)]
        self.batches = [story_batch(part, self.tokenizer) for part in parts]
        n_targets = sum(count_targets(targets) for _, targets in self.batches)
        self.tokens_per_character = n_targets / self.n_characters
        self.tokens_per_story = n_targets / n_validation


PRONOUNS = {"they", "them", "their", "self", "child", "was", "s", "friend", "ta", "it", "kid"}
KINDS = {  # by variable of the plan, and by family of rules
    "hero": "name", "elder": "name", "friend": "name", "number": "number", "gift": "number",
    "home": "number", "quest": "wish", "glad": "wish", "sorry": "wish", "trouble": "plot",
    "choice": "plot", "act": "plot", "amends": "plot", "end": "plot", "moral": "moral",
    "town": "thing", "color": "thing", "garment": "thing", "snack": "thing", "keepsake": "thing",
}  # fmt: skip


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


def thin(values: list[float], n: int = 100) -> list[list[float]]:
    """Return `n` pairs (step, mean of the values around it)."""
    bounds = sorted({round(len(values) * i / n) for i in range(n + 1)})
    return [
        [(start + stop + 1) / 2, round(statistics.mean(values[start:stop]), 4)]
        for start, stop in pairwise(bounds)
    ]


def climb(language: str, name: str, folder: Path = FOLDER, n_stories: int = 500) -> dict:
    """Train one size in one language, or go on, and return what there is to report."""
    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    report, state = folder / f"{language}-{name}.json", folder / f"{language}-{name}.pt"
    if report.exists():
        return json.loads(report.read_text("utf-8"))
    setting = Setting(language, n_stories)
    n_layers, dim, n_heads, n_steps = LADDER[name]
    torch.manual_seed(0)
    model = GPT2(
        GPT2Config(
            vocab_size=VOCAB_SIZE,
            context_length=CONTEXT_LENGTH,
            dim=dim,
            n_layers=n_layers,
            n_heads=n_heads,
        )
    )
    config = TrainingConfig(
        n_steps=n_steps,
        learning_rate=3e-3,
        min_learning_rate=3e-5,
        warmup_steps=min(200, n_steps // 10),
        evaluate_every=200,
    )
    optimizer, history = make_optimizer(model, config), History()
    past = {"seconds": 0.0, "tokens": 0, "samples": []}
    if state.exists():
        saved = torch.load(state, weights_only=True)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        history = History.from_dict(saved["history"])
        past = saved["past"]
    data = StoryBatches(setting.grammar, setting.tokenizer, BATCH_SIZE, seed=TRAINING)
    started = time.process_time()

    def keep(history: History) -> None:
        nonlocal started
        if history.step in {*SHOWN, n_steps}:
            past["seconds"] += time.process_time() - started
            text = tell(model, setting.tokenizer, seed=0)[0]
            past["samples"].append({"step": history.step, "text": text[:1500]})
            started = time.process_time()
        if history.step % 100 == 0 or history.step == n_steps:
            past["seconds"] += time.process_time() - started
            draft = state.with_suffix(".tmp")
            content = {
                "model": model.state_dict(),
                "optimizer": optimizer.state_dict(),
                "history": history.to_dict(),
                "past": past,
            }
            torch.save(content, draft)
            draft.replace(state)
            started = time.process_time()

    if history.step == 0:
        keep(history)  # before the first step
    train(
        Bfloat16Products(model),
        data,
        config,
        optimizer=optimizer,
        history=history,
        validation=setting.batches[:2],  # 100 stories
        on_step=keep,
    )
    loss = evaluate_loss(model, setting.batches) * setting.tokens_per_character
    parts = (tell(model, setting.tokenizer, n_stories // 5, seed=seed) for seed in range(1, 6))
    told = [text for part in parts for text in part]
    result = {
        "layers": n_layers,
        "dim": dim,
        "heads": n_heads,
        "parameters": count_parameters(model),
        "steps": n_steps,
        "stories": n_steps * BATCH_SIZE,
        "tokens": round(n_steps * BATCH_SIZE * setting.tokens_per_story),
        "core_seconds": past["seconds"],
        "loss": loss,
        "floor": setting.floor,
        "ratio": loss / setting.floor,
        "training": thin([x * setting.tokens_per_character for x in history.losses]),
        "validation": [[s, x * setting.tokens_per_character] for s, x in history.validation],
        "gradient_norms": thin(history.gradient_norms),
        "samples": past["samples"],
        "judged": judge(setting.grammar, told),
    }
    report.write_text(json.dumps(result, ensure_ascii=False), "utf-8")
    return result


def measure() -> dict:
    """Climb the ladder: about an hour on two cores that have other work as well."""
    entries: dict[str, dict] = {language: {} for language in LANGUAGES}
    with ProcessPoolExecutor(len(LANGUAGES), mp_context=get_context("spawn")) as pool:
        for name in LADDER:
            both = pool.map(climb, LANGUAGES, [name] * len(LANGUAGES))
            for language, entry in zip(LANGUAGES, both, strict=True):
                entries[language][name] = entry
    for language, sizes in entries.items():  # on the way, a part of the stories is enough
        grammar = StoryGrammar(language)
        floor = lowest_loss(grammar, grammar.sample(100, VALIDATION))
        for entry in sizes.values():
            entry["validation_floor"] = floor
    return entries | {"batch_size": BATCH_SIZE, "vocab_size": VOCAB_SIZE}


def bench_step(benchmark):
    torch.manual_seed(0)
    setting = Setting("zh", 2)
    model = GPT2(
        GPT2Config(vocab_size=VOCAB_SIZE, context_length=512, dim=16, n_layers=1, n_heads=1)
    )
    data = StoryBatches(setting.grammar, setting.tokenizer, 2)
    history = benchmark(train, Bfloat16Products(model), data, TrainingConfig(n_steps=2))
    assert history.losses[1] < 8


def bench_climb(benchmark, tmp_path, monkeypatch):
    monkeypatch.setitem(LADDER, "tiny", (1, 16, 1, 3))
    entry = benchmark.pedantic(climb, ("en", "tiny", tmp_path, 5), rounds=1)
    assert entry["loss"] > entry["floor"]
    assert entry["judged"]["n"] == 5
    assert climb("en", "tiny", tmp_path, 5) == entry  # read, not measured again
