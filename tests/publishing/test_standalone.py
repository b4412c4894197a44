"""A model in one file: the same numbers, and nothing of the book needed."""

import importlib
import math
import os
import re
import subprocess
import sys

import pytest
import torch

from llm_book.models.gemma3 import Gemma3, Gemma3Config
from llm_book.models.glm import Glm, GlmConfig
from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.models.llama import Llama, LlamaConfig
from llm_book.models.olmo3 import Olmo3, Olmo3Config
from llm_book.models.qwen3 import Qwen3, Qwen3Config
from llm_book.publishing import module_source, site
from llm_book.publishing.book import LANGUAGES, ROOT
from llm_book.publishing.standalone import MODELS, build_standalone, main, standalone

SIZES = {
    "vocab_size": 97,
    "context_length": 64,
    "dim": 48,
    "n_layers": 2,
    "n_heads": 4,
    "hidden_dim": 80,
}
GROUPED = SIZES | {"n_kv_heads": 2}
SCALED = {
    "rope_type": "llama3",
    "factor": 8.0,
    "original_max_position_embeddings": 16,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16}
EXPERTS = {"n_experts": 6, "n_active_experts": 2, "expert_dim": 20, "head_dim": 16}
CASES = [
    (GPT2, GPT2Config, SIZES),
    (Llama, LlamaConfig, GROUPED | {"rope_scaling": SCALED}),
    (Qwen3, Qwen3Config, GROUPED | {"head_dim": 16, "rope_scaling": YARN}),
    (Qwen3, Qwen3Config, GROUPED | EXPERTS),
    (Gemma3, Gemma3Config, GROUPED | {"head_dim": 16, "window": 5, "global_layers": (1,)}),
    (Olmo3, Olmo3Config, GROUPED | {"window": 5, "global_layers": (1,)}),
    (Glm, GlmConfig, GROUPED | {"head_dim": 16, "post_norms": True}),
]


def run_alone(text, monkeypatch):
    """Run a file where the book cannot be imported, and return its names."""
    for name in [name for name in sys.modules if name.split(".")[0] == "llm_book"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "llm_book", None)  # an import of it fails from now on
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("llm_book.models.llama")
    names = {"__name__": "alone"}
    exec(compile(text, "alone.py", "exec"), names)
    return names


def random_model(model_class, config_class, sizes):
    torch.manual_seed(0)
    model = model_class(config_class(**sizes)).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model


@torch.no_grad()
def logits(model, parts):
    tokens = torch.randint(97, (2, 24), generator=torch.Generator().manual_seed(1))
    cache = model.make_cache(2, 24) if parts else None
    return torch.cat([model(part, cache) for part in tokens.split(parts or [24], 1)], 1)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0].__name__)
@pytest.mark.parametrize("parts", [[], [9, 1, 1, 13]], ids=["whole", "cached"])
def test_the_file_gives_the_same_logits_bit_for_bit(case, parts, monkeypatch):
    ours, text = random_model(*case), standalone(case[0].__module__)
    expected = logits(ours, parts)
    names = run_alone(text, monkeypatch)
    model_class, config_class = (names[part.__name__] for part in case[:2])
    assert model_class is not case[0]
    alone = model_class(config_class(**case[2])).eval()
    alone.load_state_dict(ours.state_dict())
    assert expected.std() > 0.1
    assert torch.equal(logits(alone, parts), expected)


@pytest.mark.parametrize("name", MODELS)
def test_no_line_imports_the_book(name):
    lines = standalone(f"llm_book.models.{name}").splitlines()
    assert [line for line in lines if re.search(r"\b(import|from) +llm_book", line)] == []


def test_the_files_have_no_undefined_unused_or_unsorted_name_and_the_style_of_the_book(tmp_path):
    for name in MODELS:
        text = standalone(f"llm_book.models.{name}")
        (tmp_path / f"{name}.py").write_text(text, "utf-8")
    ruff = [sys.executable, "-m", "ruff"]
    options = ["--config", str(ROOT / "pyproject.toml"), str(tmp_path)]
    for command in (["check", "--select", "F,E,I,UP,W"], ["format", "--check"]):
        checked = subprocess.run(
            [*ruff, *command, "--no-cache", *options], capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, checked.stdout


def test_the_head_names_the_module_and_the_command():
    head = standalone("llm_book.models.qwen3").split("import ")[0]
    assert "Qwen3, dense and mixture of experts" in head
    assert "llm_book/models/qwen3.py" in head
    assert "python -m llm_book.publishing.standalone llm_book.models.qwen3" in head


def test_only_what_is_used_is_there_and_the_model_stands_last():
    text = standalone("llm_book.models.llama")
    assert "class GroupedQueryAttention" in text
    assert "class MultiHeadAttention" not in text
    assert "def from_pretrained" not in text
    assert text.rindex("\nclass ") == text.index("\nclass Llama(CausalLM)")


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A package of the same name whose modules a test writes."""
    monkeypatch.setattr(module_source, "ROOT", tmp_path)
    module_source.read_module.cache_clear()

    def write(**modules):
        for name, text in modules.items():
            (tmp_path / "llm_book").mkdir(exist_ok=True)
            (tmp_path / "llm_book" / f"{name}.py").write_text(text.strip() + "\n", "utf-8")

    yield write
    module_source.read_module.cache_clear()


PARTS = """
import os.path, os
import torch.nn.functional as F
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction

UNUSED = os.path.sep
SIZES = {"a": 1}
SIZES |= {"b": 2}
SIZES["c"] = 3
SIZES["c"] += 1
LIMIT: int = SIZES["c"]
# What the decorator adds.
MARK, OTHER = "marked", "not used"


def marked(function):
    function.mark = MARK
    return function


class Base:
    limit = LIMIT


class Kind:
    pass


def half(value: "Fraction") -> "Kind":
    return F.relu(value)
"""
MAIN = """
from dataclasses import dataclass

from llm_book.parts import SIZES, Base, half as part_of, marked


@dataclass
class Model(Base):
    size: int = SIZES["b"]

    @marked
    def run(self, MARK=0):
        return [part_of(SIZES) for SIZES in (MARK,)]
"""


def test_statements_that_change_a_name_come_with_it_and_an_alias_stays(book, monkeypatch):
    book(parts=PARTS, main=MAIN)
    text = standalone("llm_book.main")
    assert "UNUSED" not in text
    assert "import os" not in text
    assert "# What the decorator adds.\nMARK, OTHER" in text
    for line in ("part_of = half", "from fractions import Fraction", "class Kind:"):
        assert f"\n{line}\n" in text
    names = run_alone(text, monkeypatch)
    assert names["SIZES"] == {"a": 1, "b": 2, "c": 4}
    assert (names["Model"]().size, names["Model"].limit) == (2, 4)
    assert names["Model"].run.mark == "marked"
    assert names["Model"]().run(torch.tensor(-1.0)) == [0]


def test_a_command_keeps_its_last_lines_and_loses_those_of_others(book):
    command = "if __name__ == '__main__':\n    print(half({}))"
    book(
        parts="def half(x):\n    return x / 2\n\n\n" + command.format(1),
        main="from llm_book.parts import half\n\n\n" + command.format(2),
    )
    text = standalone("llm_book.main")
    assert text.count("__main__") == 1
    assert text.endswith("    print(half(2))\n")


@pytest.mark.parametrize(
    ("parts", "main", "complaint"),
    [
        (
            "def _pad():\n    pass\ndef use():\n    _pad()",
            "from llm_book.parts import use\ndef _pad():\n    use()",
            "_pad is one thing in llm_book.main and another in llm_book.parts",
        ),
        (
            "from math import sqrt\ndef use():\n    sqrt(2)",
            "from llm_book.parts import use\nfrom torch import sqrt\nx = use(sqrt)",
            "sqrt is one thing in",
        ),
        ("", "max = 3", "max is one thing in Python and another in llm_book.main"),
        ("", "from llm_book import parts\nx = parts.y", "imports a module, expected names"),
        ("", "import llm_book.parts as p\nx = p.y", "imports a module, expected names"),
        ("", "from math import *", "cannot hold `from math import *`"),
        ("", "from .parts import y", "cannot hold `from .parts import y`"),
        ("", "from __future__ import annotations", "cannot hold `from __future__"),
        ("", "def f():\n    from llm_book.parts import y", "is inside of a statement"),
        ("", "print(1)", "llm_book.main, line 1: `print(1)` defines nothing"),
        ("", "x = __file__", "uses __file__, which a single file cannot give it"),
        ("", "from llm_book.gone import y\nx = y", "there is no module llm_book.gone"),
        ("", "from llm_book.parts import y\nx = y", "llm_book.parts uses y"),
    ],
)
def test_what_a_single_file_cannot_say_is_refused(book, parts, main, complaint):
    book(parts=parts, main=main)
    with pytest.raises((LookupError, ValueError), match=re.escape(complaint)):
        standalone("llm_book.main")


def test_two_modules_may_share_an_import(book, monkeypatch):
    book(
        parts="import os\nfrom math import pi\ndef use():\n    return os.sep, pi",
        main="import os\nimport os.path\nfrom math import pi\nfrom llm_book.parts import use\n"
        "x = use(), os.path.sep, pi",
    )
    text = standalone("llm_book.main")
    assert text.count("from math import pi") == 1
    assert run_alone(text, monkeypatch)["x"] == ((os.sep, math.pi), os.sep, math.pi)


def test_the_site_offers_the_file_of_every_model_in_both_languages(tmp_path, monkeypatch):
    monkeypatch.setattr("llm_book.publishing.standalone.DOCS", tmp_path)
    for language in LANGUAGES:
        (tmp_path / language).mkdir()
    build_standalone()
    for language in LANGUAGES:
        files = sorted((tmp_path / language / "standalone").iterdir())
        assert [file.stem for file in files] == sorted(MODELS)
        assert all("import torch\n" in file.read_text("utf-8") for file in files)


def test_a_browser_is_told_that_it_can_show_the_file(tmp_path):
    handler = site.Handler.__new__(site.Handler)
    assert handler.guess_type(str(tmp_path / "llama.py")) == "text/plain; charset=utf-8"
    assert handler.guess_type(str(tmp_path / "index.html")) == "text/html"


@pytest.mark.parametrize("name", ["llm_book.models.nothing", "llm_book.models", "os", "../x"])
def test_an_unknown_module_is_one_clear_line(name, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["standalone", name])
    with pytest.raises(SystemExit, match=f"^there is no module {re.escape(name)}; a model is "):
        main()


def test_the_command_explains_itself_and_prints_the_file(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["standalone", "llm_book.models.gpt2"])
    main()
    assert capsys.readouterr().out == standalone("llm_book.models.gpt2")
    monkeypatch.setattr(sys, "argv", ["standalone", "--help"])
    with pytest.raises(SystemExit, match="0"):
        main()
    assert "usage: python -m llm_book.publishing.standalone" in capsys.readouterr().out
