"""GPT-2's published vocabulary, where this machine has it."""

import os
from pathlib import Path

import pytest

NEIGHBOUR = Path(__file__).resolve().parents[3] / "shared" / "data" / "tiktoken_cache"
VOCAB_BPE = "6d1cbeee0f20b3d9449abfede4726ed8212e3aee"  # tiktoken's name for the cached file
ENCODER_JSON = "6c7ea1a7e38e3a7f062df639a5b80947f075ffe6"


@pytest.fixture(scope="session")
def gpt2_files():
    """The paths of GPT-2's merges and of its ids, in the folder where tiktoken caches them."""
    folder = Path(os.environ.get("TIKTOKEN_CACHE_DIR", NEIGHBOUR))
    files = folder / VOCAB_BPE, folder / ENCODER_JSON
    if not all(file.exists() for file in files):
        pytest.skip(f"no GPT-2 vocabulary in {folder}; set TIKTOKEN_CACHE_DIR")
    return files
