"""How fast windows come from a token file beside what training uses, and how fast it is written."""

import functools
import itertools
import os
import pydoc_data.topics
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from llm_book.data.token_files import RandomWindows, TokenFile, write_token_file, write_token_shards
from llm_book.data.token_windows import make_loader
from llm_book.tokenizers.bpe import BPETokenizer, train_bpe

BATCH, CONTEXT = 16, 1024
GPT2_PARAMETERS = 124e6


def english() -> str:
    """Return the English prose that every Python brings along: its language reference."""
    return "\n".join(pydoc_data.topics.topics[name] for name in sorted(pydoc_data.topics.topics))


def random_file(folder, n_tokens: int) -> TokenFile:
    """Write a file of random ids below 50,257, and open it."""
    tokenizer = BPETokenizer([], {"<|last|>": 50_256})  # as many ids as GPT-2 has
    numbers = np.random.default_rng(0).integers(50_257, size=n_tokens)
    write_token_file(Path(folder) / "random.tokens", numbers, tokenizer)
    return TokenFile(Path(folder) / "random.tokens")


def gathered(file: TokenFile, context_length: int, batch_size: int, step: int) -> torch.Tensor:
    """Draw the same kind of batch by one fancy index into a view of all windows."""
    views = np.lib.stride_tricks.sliding_window_view(file.tokens, context_length + 1)
    drawn = np.random.default_rng((0, step)).integers(len(views), size=batch_size)
    return torch.from_numpy(views[drawn].astype(np.int64))


def bench_random_windows(benchmark, tmp_path):
    windows = RandomWindows([random_file(tmp_path, 100_000)], CONTEXT, BATCH)
    inputs, _ = benchmark(windows.batch, 0)
    assert inputs.shape == (BATCH, CONTEXT)


def bench_gathered_windows(benchmark, tmp_path):
    file = random_file(tmp_path, 100_000)
    assert benchmark(gathered, file, CONTEXT, BATCH, 0).shape == (BATCH, CONTEXT + 1)


def bench_write(benchmark, tmp_path):
    tokens = list(range(256)) * 100
    benchmark(write_token_file, tmp_path / "a.tokens", tokens, BPETokenizer([]))
    assert len(TokenFile(tmp_path / "a.tokens")) == 25_600


def seconds(work) -> float:
    """Time one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def medians(works: dict, rounds: int) -> dict[str, float]:
    """Time each work once a round, in turn, and return the median seconds of each."""
    times = {name: [] for name in works}
    for _ in tqdm(range(rounds), disable=None):
        for name, work in works.items():
            times[name].append(seconds(work))
    return {name: statistics.median(values) for name, values in times.items()}


def measure_reading(folder: str, n_tokens: int, batches: int, rounds: int) -> dict:
    """Compare ways to get batches, a plain copy of as many bytes, and what training can use."""
    file = random_file(folder, n_tokens)
    windows = RandomWindows([file], CONTEXT, BATCH)
    loader = make_loader(file.tokens, context_length=CONTEXT, batch_size=BATCH, drop_last=True)
    batches = min(batches, len(loader))
    source, target = torch.ones(2, BATCH, CONTEXT + 1, dtype=torch.long).unbind()
    matrix = torch.randn(2048, 2048)

    def copies():
        for _ in range(batches):
            target.copy_(source)

    works = {
        "random_windows": lambda: [windows.batch(step) for step in range(batches)],
        "gathered": lambda: [gathered(file, CONTEXT, BATCH, step) for step in range(batches)],
        "loader": lambda: list(itertools.islice(loader, batches)),
        "copy": copies,
        "matrix_product": lambda: matrix @ matrix,
    }
    times = medians(works, rounds)
    operations = 2 * 2048**3 / times.pop("matrix_product")
    rates = {name: batches * BATCH * CONTEXT / spent for name, spent in times.items()}
    return {
        "tokens_in_file": n_tokens,
        "batch_size": BATCH,
        "context_length": CONTEXT,
        "tokens_per_second": rates,
        "operations_per_second": operations,
        # A step takes at least 6 operations a parameter and token, forward and back.
        "gpt2_training_limit": operations / (6 * GPT2_PARAMETERS),
    }


def measure_cold(folder: str, n_tokens: int, batches: int, rounds: int) -> dict | None:
    """Read batches whose pages must come from the disk, because the system has dropped them."""
    if not hasattr(os, "posix_fadvise"):  # only Linux can be asked to
        return None
    path = random_file(folder, n_tokens).path
    times = []
    for seed in tqdm(range(rounds), disable=None):
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        windows = RandomWindows([TokenFile(path)], CONTEXT, BATCH, seed=seed)
        times.append(seconds(lambda windows=windows: [windows.batch(n) for n in range(batches)]))
        del windows  # a mapped page cannot be dropped
    spent = statistics.median(times)
    return {
        "tokens_in_file": n_tokens,
        "tokens_per_second": batches * BATCH * CONTEXT / spent,
        "milliseconds_per_window": 1000 * spent / (batches * BATCH),
    }


def measure_writing(folder: str, copies: int, shards: int, rounds: int) -> dict:
    """Write the same shards with one worker and with two."""
    tokenizer = train_bpe(english(), 1000)
    text = english() * copies
    sources = [[text]] * shards
    numbers = itertools.count()

    def write(workers: int) -> list[Path]:
        return write_token_shards(
            Path(folder) / f"corpus{next(numbers)}", sources, tokenizer, workers=workers
        )

    works = {str(workers): functools.partial(write, workers) for workers in (1, 2)}
    times = medians(works, rounds)
    n_tokens = sum(len(TokenFile(path)) for path in write(1))
    n_bytes = len(text.encode()) * shards
    return {
        "shards": shards,
        "vocab_size": tokenizer.vocab_size,
        "text_bytes": n_bytes,
        "tokens": n_tokens,
        "file_bytes": 2 * n_tokens,
        "tokens_per_second": {name: n_tokens / spent for name, spent in times.items()},
        "text_bytes_per_second": {name: n_bytes / spent for name, spent in times.items()},
    }


def measure() -> dict:
    """Measure reading and writing; two or three minutes."""
    with tempfile.TemporaryDirectory() as folder:
        return {
            "reading": measure_reading(folder, 20_000_000, 200, 9),
            "cold": measure_cold(folder, 100_000_000, 5, 9),
            "writing": measure_writing(folder, 32, 8, 3),
        }
