"""How fast we train and encode beside tiktoken and Hugging Face's tokenizers, and what it buys."""

import functools
import json
import os
import random
import statistics
import sysconfig
import tempfile
import time
import tracemalloc
from pathlib import Path

import tokenizers
from tqdm import tqdm

from llm_book.data.stories import StoryGrammar
from llm_book.tokenizers.bpe import BPETokenizer, text_to_token, train_bpe

VOCAB_SIZES = [256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192]


def sources(size: int) -> str:
    """Return about `size` bytes of varied text: the source files of this Python."""
    folder = Path(sysconfig.get_path("stdlib"))
    files = [f for f in sorted(folder.rglob("*.py")) if "site-packages" not in f.parts]
    random.Random(0).shuffle(files)
    texts: list[str] = []
    while size > 0:
        texts.append(files.pop().read_text("utf-8", errors="replace"))
        size -= len(texts[-1].encode())
    return "".join(texts)


def stories(language: str, size: int, seed: int) -> str:
    """Return `size` characters of stories from the book's own grammar."""
    texts = StoryGrammar(language=language).sample(size // 200, seed)
    return "\n".join(texts)[:size]


def train_hugging_face(text: str, vocab_size: int) -> tokenizers.Tokenizer:
    """Train the same kind of tokenizer with Hugging Face's library."""
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    byte_level = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.pre_tokenizer = byte_level
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=vocab_size, initial_alphabet=byte_level.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator([text], trainer)
    return tokenizer


def to_hugging_face(tokenizer: BPETokenizer) -> tokenizers.Tokenizer:
    """Hand our tokenizer over in a file."""
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save(folder)
        return tokenizers.Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))


def bench_train(benchmark):
    text = sources(200_000)
    assert benchmark(train_bpe, text, 1000).vocab_size == 1000


def bench_train_hugging_face(benchmark):
    text = sources(200_000)
    assert benchmark(train_hugging_face, text, 1000).get_vocab_size() == 1000


def bench_encode(benchmark):
    text = sources(200_000)
    benchmark(train_bpe(text, 1000).encode, text)


def bench_encode_tiktoken(benchmark):
    text = sources(200_000)
    benchmark(train_bpe(text, 1000).to_tiktoken("book").encode_ordinary, text)


def bench_encode_hugging_face(benchmark):
    text = sources(200_000)
    benchmark(to_hugging_face(train_bpe(text, 1000)).encode, text)


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


def measure_training(size: int, n_merges: int, rounds: int) -> dict:
    """Train on source code, each library in one thread."""
    text = sources(size)
    vocab_size = 256 + n_merges
    theirs = json.loads(train_hugging_face(text, vocab_size).to_str())["model"]["merges"]
    merges = [(text_to_token(left), text_to_token(right)) for left, right in theirs]
    works = {
        "ours": lambda: train_bpe(text, vocab_size),
        "tokenizers": lambda: train_hugging_face(text, vocab_size),
    }
    return {
        "text_bytes": len(text.encode()),
        "merges": n_merges,
        "same_merges": train_bpe(text, vocab_size).merges == merges,
        "seconds": medians(works, rounds),
    }


def measure_processes(size: int, n_merges: int, rounds: int) -> dict:
    """Train on a larger text with one process and with two."""
    text = sources(size // 8) * 8
    train = functools.partial(train_bpe, text, 256 + n_merges)
    works = {str(workers): functools.partial(train, workers=workers) for workers in (1, 2)}
    return {
        "text_bytes": len(text.encode()),
        "merges": n_merges,
        "seconds": medians(works, rounds),
    }


def measure_encoding(encoders: dict, text: str, rounds: int) -> dict:
    """Encode documents of 10,000 characters, one after the other, in one thread.

    `encoders` maps a name to a function that returns the function which encodes.
    """
    documents = [text[n : n + 10_000] for n in range(0, len(text), 10_000)]

    def encode_all(prepare) -> list[list[int]]:
        encode = prepare()
        return [encode(document) for document in documents]

    ids = {name: encode_all(prepare) for name, prepare in encoders.items()}
    works = {name: functools.partial(encode_all, prepare) for name, prepare in encoders.items()}
    size = len(text.encode())
    return {
        "text_bytes": size,
        "text_characters": len(text),
        "tokens": sum(map(len, ids["ours"])),
        "same_ids": all(other == ids["ours"] for other in ids.values()),
        "bytes_per_second": {name: size / spent for name, spent in medians(works, rounds).items()},
    }


def implementations(tokenizer: BPETokenizer) -> dict:
    """Return what `measure_encoding` compares; ours has an empty word cache, or a full one."""
    encoding, hugging_face = tokenizer.to_tiktoken("book"), to_hugging_face(tokenizer)
    return {
        "ours": lambda: BPETokenizer(tokenizer.merges).encode,
        "ours, text seen before": lambda: tokenizer.encode,
        "tiktoken": lambda: encoding.encode_ordinary,
        "tokenizers": lambda: lambda document: hugging_face.encode(document).ids,
    }


def measure_long_words(tokenizer: BPETokenizer, rounds: int) -> list[dict]:
    """Encode single words of more and more letters."""
    letters = random.Random(0)
    words = {n: "".join(letters.choices("abcdefgh", k=n)) for n in (1_000, 10_000, 100_000)}
    works = {str(n): functools.partial(tokenizer.encode, word) for n, word in words.items()}
    return [{"letters": int(n), "seconds": s} for n, s in medians(works, rounds).items()]


def measure_stream(tokenizer: BPETokenizer, size: int) -> dict:
    """Encode a stream, once for the time, and once watching the memory that Python allocates."""
    text = sources(1_000_000)
    rounds = size // 10**6

    def encode_stream() -> int:
        starts = [start for _ in range(rounds) for start in range(0, len(text), 5000)]
        chunks = (text[start : start + 5000] for start in starts)
        return sum(1 for _ in BPETokenizer(tokenizer.merges).encode_iterable(chunks))

    spent = seconds(encode_stream)
    tracemalloc.start()
    tokens = encode_stream()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return {
        "text_bytes": len(text.encode()) * rounds,
        "tokens": tokens,
        "seconds": spent,
        "memory_growth_bytes": peak,
    }


def measure_vocabulary(size: int) -> dict:
    """Count the bytes per token of new text for growing vocabularies of three trainings."""
    train = {language: stories(language, size, seed=0) for language in ("en", "zh")}
    test = {language: stories(language, size // 5, seed=1) for language in ("en", "zh")}
    train["both"] = train["en"][: len(train["en"]) // 2] + train["zh"][: len(train["zh"]) // 2]
    curves: dict[str, dict[str, list[float]]] = {language: {} for language in test}
    for name, text in tqdm(train.items(), disable=None):
        merges = train_bpe(text, VOCAB_SIZES[-1]).merges
        for language, new_text in test.items():
            counts = [
                len(BPETokenizer(merges[: vocab_size - 256]).encode(new_text))
                for vocab_size in VOCAB_SIZES
            ]
            curves[language][name] = [len(new_text.encode()) / count for count in counts]
    return {
        "train_bytes": {name: len(text.encode()) for name, text in train.items()},
        "test_bytes": {name: len(text.encode()) for name, text in test.items()},
        "test_characters": {name: len(text) for name, text in test.items()},
        "vocab_sizes": VOCAB_SIZES,
        "bytes_per_token": curves,  # language of the new text -> of the training -> curve
    }


def measure() -> dict:
    """Measure all of it; about two minutes."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    os.environ["RAYON_NUM_THREADS"] = "1"
    texts = {
        "code": sources(2_000_000),
        "english": stories("en", 2_000_000, seed=1),
        "chinese": stories("zh", 700_000, seed=1),
    }
    trained = {name: train_bpe(text, 8192) for name, text in texts.items()}
    return {
        "stream": measure_stream(trained["code"], 10_000_000),
        "training": measure_training(5_000_000, 10_000, 5),
        "processes": measure_processes(40_000_000, 1_000, 3),
        "encoding": {
            name: measure_encoding(implementations(trained[name]), texts[name], 5)
            for name in tqdm(texts)
        },
        "long_words": measure_long_words(trained["code"], 5),
        "vocabulary": measure_vocabulary(1_000_000),
    }
