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
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from benchmarks.training.judging import find_mentions, judge, remembered
from llm_book.data.stories import LANGUAGES, StoryGrammar
from llm_book.models.causal_lm import CausalLM, count_parameters, evaluating
from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.models.qwen3 import Qwen3, Qwen3Config
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
CONTEXT_LENGTH, BATCH_SIZE = 512, 8
TRAINING, VALIDATION, TOKENIZER = 0, 1, 2  # seeds


def alike(number: int) -> dict[str, int]:
    """Return the same number for each language."""
    return dict.fromkeys(LANGUAGES, number)


@dataclass(frozen=True)
class Rung:
    """A model and how it is trained.

    Args:
        n_layers, dim, n_heads: Sizes.
        n_steps: Batches that it reads in each language.
        family: Whose block.
        vocab_size: Of the tokenizer of each language.
        embedding_std: Of the embedding's first numbers.
        weight_decay: Of the matrices.
        fused: Attention by one kernel, or by two products in bfloat16.
    """

    n_layers: int
    dim: int
    n_heads: int
    n_steps: Mapping[str, int]
    family: str = "GPT-2"
    vocab_size: Mapping[str, int] = field(default_factory=lambda: alike(2000))
    embedding_std: float = 0.02
    weight_decay: float = 0.1
    fused: bool = True


LADDER = {
    "1x64": Rung(1, 64, 2, alike(2500)),
    "2x64": Rung(2, 64, 2, alike(2500)),
    "2x192": Rung(2, 192, 6, alike(7000)),
    "best": Rung(
        n_layers=2,
        dim=192,
        n_heads=6,
        n_steps={"en": 14_000, "zh": 20_000},
        family="Qwen3",
        vocab_size={"en": 2000, "zh": 4000},
        embedding_std=0.1,
        weight_decay=0.0,
        fused=False,
    ),
}
SHOWN = (0, 100, 300, 1000, 2500)  # steps after which a story is kept, beside the last


class Bfloat16Products(nn.Module):
    """A model whose matrix products run in bfloat16; its weights and sums stay in float32.

    At a few hundred tokens, attention by two products can be faster than the fused kernel.
    """

    def __init__(self, model: nn.Module, *, fused: bool = True) -> None:
        super().__init__()
        self.model = model
        self.kernels = [SDPBackend.FLASH_ATTENTION] if fused else [SDPBackend.MATH]
        torch.backends.cuda.allow_fp16_bf16_reduction_math_sdp(not fused)  # of the CPU as well

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        with torch.autocast("cpu", torch.bfloat16), sdpa_kernel(self.kernels):
            return self.model(tokens)


class Setting:
    """The stories of a language, cut into tokens, and what they cost at least."""

    def __init__(self, language: str, vocab_size: int, n_validation: int) -> None:
        self.grammar = StoryGrammar(language)
        stories = self.grammar.sample(3000, TOKENIZER)
        self.tokenizer = train_bpe(stories, vocab_size, special_tokens=(END,))
        held_out = self.grammar.sample(n_validation, VALIDATION)
        self.on_the_way = held_out[:100]
        self.n_characters = sum(map(len, held_out))
        self.floor = lowest_loss(self.grammar, held_out)
        parts = [held_out[at : at + 50] for at in range(0, len(held_out), 50)]
        self.batches = [story_batch(part, self.tokenizer) for part in parts]
        n_targets = sum(count_targets(targets) for _, targets in self.batches)
        self.tokens_per_character = n_targets / self.n_characters
        self.tokens_per_story = n_targets / n_validation


def build(rung: Rung, vocab_size: int) -> CausalLM:
    """Return a new model."""
    torch.manual_seed(0)
    sizes = {
        "vocab_size": vocab_size, "context_length": CONTEXT_LENGTH, "dim": rung.dim,
        "n_layers": rung.n_layers, "n_heads": rung.n_heads,
    }  # fmt: skip
    if rung.family == "GPT-2":
        return GPT2(GPT2Config(**sizes))
    config = Qwen3Config(
        **sizes, n_kv_heads=rung.n_heads, head_dim=rung.dim // rung.n_heads,
        hidden_dim=rung.dim * 8 // 3, rope_theta=1_000_000.0, tie_embeddings=True,
    )  # fmt: skip
    model = Qwen3(config)
    nn.init.normal_(model.embedding.weight, std=rung.embedding_std)
    return model


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
    rung = LADDER[name]
    n_steps = rung.n_steps[language]
    setting = Setting(language, rung.vocab_size[language], n_stories)
    model = build(rung, setting.tokenizer.vocab_size)
    config = TrainingConfig(
        n_steps=n_steps,
        learning_rate=3e-3,
        min_learning_rate=3e-5,
        warmup_steps=min(200, n_steps // 10),
        weight_decay=rung.weight_decay,
        evaluate_every=200,
    )
    optimizer, history = make_optimizer(model, config), History()
    past: dict[str, Any] = {"seconds": 0.0, "samples": [], "remembered": []}
    if state.exists():
        saved = torch.load(state, weights_only=True)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        history = History.from_dict(saved["history"])
        past = saved["past"]
    data = StoryBatches(setting.grammar, setting.tokenizer, BATCH_SIZE, seed=TRAINING)
    mentions = find_mentions(setting.grammar, setting.tokenizer, setting.on_the_way)
    started = time.process_time()

    def keep(history: History) -> None:
        nonlocal started
        if history.step % 100 != 0 and history.step != n_steps:
            return
        past["seconds"] += time.process_time() - started
        if history.step % 200 == 0 or history.step == n_steps:
            with evaluating(model.modules()):
                facts = remembered(model, setting.tokenizer, setting.on_the_way, mentions)
            past["remembered"].append([history.step, facts])
        if history.step in {*SHOWN, n_steps}:
            text = tell(model, setting.tokenizer, seed=0)[0]
            past["samples"].append({"step": history.step, "text": text[:1500]})
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
        Bfloat16Products(model, fused=rung.fused),
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
        "family": rung.family,
        "layers": rung.n_layers,
        "dim": rung.dim,
        "heads": rung.n_heads,
        "vocab_size": setting.tokenizer.vocab_size,
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
        "remembered": past["remembered"],
        "mentions": dict(Counter(mention.fact for mention in mentions)),
        "judged": judge(setting.grammar, told),
    }
    report.write_text(json.dumps(result, ensure_ascii=False), "utf-8")
    return result


def measure() -> dict:
    """Climb the ladder: about an hour and a half on two cores."""
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
    return entries | {"batch_size": BATCH_SIZE}


def bench_step(benchmark):
    setting = Setting("zh", 1000, 2)
    model = build(Rung(1, 16, 1, alike(2)), setting.tokenizer.vocab_size)
    data = StoryBatches(setting.grammar, setting.tokenizer, 2)
    history = benchmark(train, Bfloat16Products(model), data, TrainingConfig(n_steps=2))
    assert history.losses[1] < 10


@pytest.mark.parametrize("language", LANGUAGES)
def bench_remembered(benchmark, language):
    setting = Setting(language, 600, 6)
    grammar, tokenizer = setting.grammar, setting.tokenizer
    stories = grammar.sample(6, VALIDATION)
    mentions = benchmark.pedantic(find_mentions, (grammar, tokenizer, stories), rounds=1)
    for mention in mentions:
        ids = tokenizer.encode(stories[mention.story])
        said = tokenizer.decode(ids[mention.tokens.start : mention.tokens.stop])
        words = grammar.parse(stories[mention.story]).plan[mention.fact]
        assert words in said
        assert words in stories[mention.story].rpartition(words)[0]  # as before
    assert {mention.fact for mention in mentions} >= {"gift.name", "elder.name", "color.name"}

    def guess(tokens):
        return torch.zeros(*tokens.shape, 600)  # as if all tokens were as likely

    costs = remembered(guess, tokenizer, stories, [m for m in mentions if m.fact == "gift.name"])
    paid = [len(m.tokens) * math.log(600) - m.surprise for m in mentions if m.fact == "gift.name"]
    assert costs == {"gift.name": pytest.approx(statistics.mean(paid), abs=1e-3)}


@pytest.mark.parametrize("name", ["1x64", "best"])
def bench_climb(benchmark, tmp_path, monkeypatch, name):
    monkeypatch.setitem(LADDER, "tiny", replace(LADDER[name], dim=16, n_heads=1, n_steps=alike(3)))
    entry = benchmark.pedantic(climb, ("en", "tiny", tmp_path, 5), rounds=1)
    assert entry["loss"] > entry["floor"]
    assert entry["judged"]["n"] == 5
    assert climb("en", "tiny", tmp_path, 5) == entry  # read, not measured again
    (_, before), (_, after) = entry["remembered"]
    assert before.keys() == after.keys()
    assert min(before.values()) > 1  # nats: nothing is remembered yet
