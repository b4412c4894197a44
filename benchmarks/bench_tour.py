"""The tour of the book: what it prints in both languages, and how long each stage takes."""

import time

import torch

from llm_book.data.stories import LANGUAGES
from llm_book.tour import DEFAULT, Sizes, tour

RECORDED_STEPS = 600

TINY = Sizes(n_stories=20, vocab_size=300, dim=16, n_layers=1, n_heads=2, batch_size=2)


def bench_tour(benchmark):
    numbers, _, _ = benchmark.pedantic(
        lambda: tour("en", steps=3, sizes=TINY, say=lambda line: None), rounds=1
    )
    assert len(numbers["training"]) == 3


def measured(language):
    """Take the tour as a reader would, and note what is said and when."""
    lines, times = [], []

    def say(line):
        lines.append(line)
        times.append(time.perf_counter())

    start = time.perf_counter()
    numbers, model, tokenizer = tour(language, RECORDED_STEPS, say=say)
    stages = [at - start for line, at in zip(lines, times, strict=True) if line[:1].isdigit()]
    return (
        numbers
        | inside(model, tokenizer, numbers["pieces"][:8])
        | {"lines": lines, "stage_seconds": stages, "seconds": times[-1] - start}
    )


@torch.inference_mode()
def inside(model, tokenizer, pieces):
    """Look at the first tokens: ids, the beginning of each vector, what is expected to follow."""
    ids = [i for piece in pieces for i in tokenizer.encode(piece)]
    likely = model(torch.tensor([ids]))[0].softmax(-1).max(-1)  # over (T, V)
    return {
        "ids": ids,
        "vectors": model.embedding.token.weight[ids, :4].tolist(),
        "expected": [tokenizer.decode([i]) for i in likely.indices.tolist()],
        "probabilities": likely.values.tolist(),
    }


def measure() -> dict:
    """Take the tour in both languages."""
    return {
        "steps": RECORDED_STEPS,
        "batch_size": DEFAULT.batch_size,
        "dim": DEFAULT.dim,
        "layers": DEFAULT.n_layers,
        "temperature": DEFAULT.temperature,
        **{language: measured(language) for language in LANGUAGES},
    }
