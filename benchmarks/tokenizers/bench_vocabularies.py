"""Three implementations of GPT-2's vocabulary on English, Chinese, and code."""

import os
import tempfile
from pathlib import Path

import pytest
import tiktoken
import tokenizers
from tqdm import tqdm

from benchmarks.tokenizers.bench_bpe import (
    implementations,
    measure_encoding,
    medians,
    sources,
    stories,
)
from llm_book.tokenizers.vocabularies import load_gpt2_vocabulary, load_tokenizer_json

VOCAB_BPE = "6d1cbeee0f20b3d9449abfede4726ed8212e3aee"  # tiktoken's names for GPT-2's files
ENCODER_JSON = "6c7ea1a7e38e3a7f062df639a5b80947f075ffe6"
SENTENCES = {"en": "The fox naps in the snow.", "zh": "狐狸在雪地里打盹。"}


def gpt2_files() -> tuple[Path, Path]:
    """Return GPT-2's two files from tiktoken's cache, which tiktoken fills if it must."""
    tiktoken.get_encoding("gpt2")
    default = Path(tempfile.gettempdir()) / "data-gym-cache"
    folder = Path(os.environ.get("TIKTOKEN_CACHE_DIR", default))
    return folder / VOCAB_BPE, folder / ENCODER_JSON


@pytest.fixture(scope="module")
def files():
    try:
        return gpt2_files()
    except (OSError, RuntimeError) as error:  # no network, or sockets blocked
        pytest.skip(f"GPT-2's vocabulary is not here: {error}")


def bench_load(benchmark, files):
    assert benchmark(load_gpt2_vocabulary, *files).vocab_size == 50257


def bench_encode(benchmark, files):
    benchmark(load_gpt2_vocabulary(*files).encode, sources(100_000))


def bench_encode_tiktoken(benchmark, files):
    benchmark(tiktoken.get_encoding("gpt2").encode_ordinary, sources(100_000))


def measure_loading(folder: Path, files: tuple[Path, Path], rounds: int) -> dict[str, float]:
    """Time how long each takes until it can encode, in seconds; tiktoken from its cache."""
    path = folder / "tokenizer.json"

    def load_tiktoken() -> tiktoken.Encoding:
        tiktoken.registry.ENCODINGS.clear()
        return tiktoken.get_encoding("gpt2")

    works = {
        "load_gpt2_vocabulary": lambda: load_gpt2_vocabulary(*files),
        "load_tokenizer_json": lambda: load_tokenizer_json(path),
        "tiktoken": load_tiktoken,
        "tokenizers": lambda: tokenizers.Tokenizer.from_file(str(path)),
    }
    return medians(works, rounds)


def measure() -> dict:
    """Measure all of it; about a minute."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    files = gpt2_files()
    ours = load_gpt2_vocabulary(*files)
    texts = {
        "english": stories("en", 1_000_000, seed=1),
        "chinese": stories("zh", 350_000, seed=1),
        "code": sources(1_000_000),
    }
    with tempfile.TemporaryDirectory() as folder:
        ours.save(folder)
        loading = measure_loading(Path(folder), files, 5)
    encoders = implementations(ours)
    return {
        "loading_seconds": loading,
        "encoding": {
            name: measure_encoding(encoders, text, 5) for name, text in tqdm(texts.items())
        },
        "pieces": {
            language: [ours.decode_bytes([i]).hex() for i in ours.encode(sentence)]
            for language, sentence in SENTENCES.items()
        },
    }
