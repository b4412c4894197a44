"""What warm-up does to a small GPT-2: the loss it ends with, at several learning rates."""

from statistics import mean

import torch
from tqdm import tqdm

from llm_book.data.stories import StoryGrammar
from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.training.adamw import AdamW, parameter_groups
from llm_book.training.loss import next_token_loss
from llm_book.training.schedule import warmup_cosine

PEAKS = (0.001, 0.003, 0.01, 0.03)
WARMUPS = (0, 30)
CONTEXT, ROWS = 32, 16


def train(tokens, vocab_size, *, peak, warmup_steps, total_steps, seed):
    """Train a new model of two blocks on windows of the tokens; return its losses."""
    torch.manual_seed(seed)
    sizes = {"context_length": CONTEXT, "dim": 32, "n_layers": 2, "n_heads": 4}
    model = GPT2(GPT2Config(vocab_size=vocab_size, **sizes))
    optimizer = AdamW(parameter_groups(model, 0.1))
    losses = []
    for step in range(total_steps):
        starts = torch.randint(len(tokens) - CONTEXT, (ROWS, 1))
        rows = tokens[starts + torch.arange(CONTEXT + 1)]
        settings = {"warmup_steps": warmup_steps, "total_steps": total_steps}
        for group in optimizer.param_groups:
            group["lr"] = warmup_cosine(step, peak=peak, minimum=peak / 10, **settings)
        optimizer.zero_grad()
        loss = next_token_loss(model(rows[:, :-1]), rows[:, 1:])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def letters(n_stories):
    """Return the stories as numbers of letters, and how many letters there are."""
    text = "".join(StoryGrammar("en").sample(n_stories))
    alphabet = sorted(set(text))
    return torch.tensor([alphabet.index(letter) for letter in text]), len(alphabet)


def bench_schedule(benchmark):
    settings = {"peak": 1.0, "warmup_steps": 20, "total_steps": 1000}
    rates = benchmark(lambda: [warmup_cosine(step, **settings) for step in range(1000)])
    assert max(rates) == 1.0


def bench_train(benchmark):
    tokens, vocab_size = letters(5)
    settings = {"peak": 0.003, "warmup_steps": 2, "total_steps": 4, "seed": 0}
    assert len(benchmark(lambda: train(tokens, vocab_size, **settings))) == 4


def measure(total_steps=150, seeds=(0,)) -> dict:
    """Train with and without warm-up at each learning rate."""
    tokens, vocab_size = letters(300)
    runs = []
    pairs = [(peak, warmup_steps) for peak in PEAKS for warmup_steps in WARMUPS]
    for peak, warmup_steps in tqdm(pairs, "runs", leave=False, disable=None):
        settings = {"peak": peak, "warmup_steps": warmup_steps, "total_steps": total_steps}
        curves = [train(tokens, vocab_size, **settings, seed=seed) for seed in seeds]
        first, last = (
            [mean(curve[part]) for curve in curves] for part in (slice(20), slice(-20, None))
        )
        runs.append({"peak": peak, "warmup_steps": warmup_steps, "first_20": first, "last_20": last,
                     "highest": [max(curve) for curve in curves]})  # fmt: skip
    model = "GPT-2 of two blocks, width 32, letters of English stories, 16 rows of 32"
    return {"model": model, "total_steps": total_steps, "seeds": list(seeds), "runs": runs}
