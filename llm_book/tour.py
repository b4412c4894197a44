"""A tour of the book in one run: from text to a model that tells a story.

    python -m llm_book.tour --language zh

Each stage is a function or two from the chapter that explains it; this file only joins them.
"""

import argparse
import locale
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from llm_book.data.stories import LANGUAGES, StoryGrammar
from llm_book.models.causal_lm import count_parameters
from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.tokenizers.bpe import BPETokenizer, train_bpe
from llm_book.training.storytelling import END, StoryBatches, lowest_loss, story_batch, tell
from llm_book.training.trainer import TrainingConfig, count_targets, evaluate_loss, train

STEPS = 600
WORDS = {
    "en": {
        "text": "1 Text (data/stories): {n:,} stories, {characters:,} characters",
        "tokens": "2 Tokens (tokenizers/bpe): {vocab:,} kinds, {each} to a story",
        "model": "3 Model (models/gpt2): {parameters:,} random numbers, and it speaks like that",
        "training": "4 Training (training/trainer): {steps} steps, each with {batch} new stories",
        "trained": (
            "  nats per character: {before:.2f} before, {after:.3f} after; no model can go "
            "below {floor:.3f} (training/loss)"
        ),
        "speaks": "5 It speaks (generation/generate)",
        "accepted": "  The grammar accepts it, from the first character to the last.",
        "rejected": "  Up to here it could be a story, {at} of {length} characters: … {last}",
    },
    "zh": {
        "text": "1 文本（data/stories）：{n} 个故事，{characters} 个字",
        "tokens": "2 词元（tokenizers/bpe）：一共 {vocab} 种，一个故事 {each} 个",
        "model": "3 模型（models/gpt2）：{parameters} 个随机的数，它这样说话",
        "training": "4 训练（training/trainer）：{steps} 步，每步 {batch} 个新故事",
        "trained": (
            "  每字的奈特数：训练前 {before:.2f}，训练后 {after:.3f}；哪个模型也低不过 {floor:.3f}"
            "（training/loss）"
        ),
        "speaks": "5 开口（generation/generate）",
        "accepted": "  从第一个字到最后一个字，语法都认可。",
        "rejected": "  到这里还是故事，共 {length} 个字，走到第 {at} 个：……{last}",
    },
}


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How large and how fast; with these, two cores need a minute or a few."""

    n_stories: int = 1000
    vocab_size: int = 2000
    dim: int = 128
    n_layers: int = 2
    n_heads: int = 4
    batch_size: int = 8
    learning_rate: float = 3e-3
    temperature: float = 0.5

    def schedule(self, steps: int) -> TrainingConfig:
        """Return how to train for so many steps."""
        return TrainingConfig(
            n_steps=steps, learning_rate=self.learning_rate, warmup_steps=min(20, steps // 10)
        )


DEFAULT = Sizes()


def reader_language() -> str:
    """Return "zh" where this system speaks Chinese, otherwise "en"."""
    name = locale.getlocale()[0] or ""
    return "zh" if name.lower().startswith(("zh", "chinese")) else "en"


def tour(
    language: str = "en",
    steps: int = STEPS,
    seed: int = 0,
    *,
    sizes: Sizes = DEFAULT,
    say: Callable[[str], object] = print,
) -> tuple[dict[str, Any], GPT2, BPETokenizer]:
    """Go from text to a model that tells a story.

    Args:
        language: Of the stories and of what is said on the way, "en" or "zh".
        steps: Updates of the weights.
        seed: Of the weights and of the story; the training stories are always the same.
        sizes: Of the vocabulary, the model, and a batch.
        say: Takes each line.

    Returns:
        The numbers of the way, the model, and its tokenizer, to go on with.
    """
    words = WORDS[language]

    # 1 Text
    grammar = StoryGrammar(language)
    stories, held_out = grammar.sample(sizes.n_stories), grammar.sample(40, seed=1)
    characters = sum(map(len, held_out))
    floor = lowest_loss(grammar, held_out)
    say(words["text"].format(n=len(stories), characters=sum(map(len, stories))))
    say(f"  {' '.join(held_out[0].split())[:70]} …")

    # 2 Tokens
    tokenizer = train_bpe(stories, sizes.vocab_size, special_tokens=[END])
    pieces = [tokenizer.decode([i]) for i in tokenizer.encode(held_out[0])]
    validation = story_batch(held_out, tokenizer)
    n_tokens = count_targets(validation[1])
    each = round(n_tokens / len(held_out))
    say(words["tokens"].format(vocab=tokenizer.vocab_size, each=each))
    say(f"  {'|'.join(pieces[:20])}| …".replace("\n", "⏎"))

    # 3 Model
    torch.manual_seed(seed)
    model = GPT2(
        GPT2Config(
            vocab_size=tokenizer.vocab_size,
            context_length=1024,
            dim=sizes.dim,
            n_layers=sizes.n_layers,
            n_heads=sizes.n_heads,
        )
    )
    per_character = n_tokens / characters
    before = evaluate_loss(model, [validation]) * per_character
    say(words["model"].format(parameters=count_parameters(model)))
    (babble,) = tell(model, tokenizer, seed=seed, length=15)
    say(f"  {' '.join(babble.split())} …")

    # 4 Training
    say(words["training"].format(steps=steps, batch=sizes.batch_size))
    data = StoryBatches(grammar, tokenizer, sizes.batch_size)
    history = train(model, data, sizes.schedule(steps))
    after = evaluate_loss(model, [validation]) * per_character
    say(words["trained"].format(before=before, after=after, floor=floor))

    # 5 It speaks
    (story,) = tell(model, tokenizer, seed=seed, temperature=sizes.temperature, length=1000)
    reading = grammar.parse(story)
    accepted = reading.stops_at == len(story) and math.isfinite(reading.log_prob)
    say(words["speaks"])
    say(story)
    last = story[max(0, reading.stops_at - 30) : reading.stops_at].replace("\n", " ")
    verdict = words["accepted" if accepted else "rejected"]
    say(verdict.format(at=reading.stops_at, length=len(story), last=last))
    numbers = {
        "characters": sum(map(len, stories)),
        "pieces": pieces[:20],
        "vocab_size": tokenizer.vocab_size,
        "tokens_per_story": n_tokens / len(held_out),
        "parameters": count_parameters(model),
        "losses": {"before": before, "after": after, "floor": floor},
        "training": [loss * per_character for loss in history.losses],
        "story": story,
        "accepted": accepted,
        "stops_at": reading.stops_at,
    }
    return numbers, model, tokenizer


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m llm_book.tour",
        description="Go from text to a model that tells a story, in a minute or a few.",
    )
    parser.add_argument("--language", choices=LANGUAGES, default=reader_language())
    parser.add_argument("--steps", type=int, default=STEPS, help="updates of the weights")
    parser.add_argument("--seed", type=int, default=0, help="of the weights and of the story")
    options = parser.parse_args()
    try:
        tour(options.language, options.steps, options.seed)
    except (ValueError, FloatingPointError) as error:
        print(f"llm_book.tour: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
