"""Two models can be compared by eye: their files are short, and their blocks differ by little."""

from itertools import combinations

import pytest

from llm_book.models.gemma3 import Gemma3Block
from llm_book.models.glm import GlmBlock
from llm_book.models.llama import LlamaBlock
from llm_book.models.olmo3 import Olmo3Block
from llm_book.models.qwen3 import Qwen3Block
from llm_book.publishing.book import ROOT
from llm_book.publishing.figures import source_diff
from llm_book.publishing.standalone import MODELS

BLOCKS = (LlamaBlock, Qwen3Block, Gemma3Block, Olmo3Block, GlmBlock)


@pytest.mark.parametrize("model", MODELS)
def test_a_model_stands_in_less_than_120_lines(model):
    text = (ROOT / "llm_book" / "models" / f"{model}.py").read_text("utf-8")
    assert len(text.splitlines()) < 120


@pytest.mark.parametrize(("older", "newer"), list(combinations(BLOCKS, 2)))
def test_two_blocks_differ_by_less_than_ten_lines_beside_their_names(older, newer):
    changed = source_diff(older, newer).splitlines()[1:-1]
    assert max(sum(line[0] == sign for line in changed) for sign in "+-") - 1 < 10
