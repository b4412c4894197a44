import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from llm_book import check_environment
from llm_book.data.corpus import cache_folder


@pytest.fixture(autouse=True)
def _no_arguments(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["check_environment"])


def hide(monkeypatch, *hidden):
    """Pretend that packages are not installed."""
    known = check_environment.installed
    pretended = lambda name: None if name in hidden else known(name)  # noqa: E731
    monkeypatch.setattr(check_environment, "installed", pretended)


def test_the_command_prints_a_table_and_exits_with_zero():
    command = [sys.executable, "-m", "llm_book.check_environment"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert re.search(rf"(?m)^torch +{re.escape(torch.__version__)}$", done.stdout)
    assert done.stdout.endswith("Ready: the first chapters can run.\n")


def test_all_values_stand_in_one_column(capsys):
    assert check_environment.main() == 0
    *rows, _ = capsys.readouterr().out.splitlines()
    width = max(len(name) for name, _ in check_environment.describe())
    assert all(re.match(rf".{{{width}}}  \S", row) for row in rows)


def test_help_says_what_the_exit_code_means(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["check_environment", "--help"])
    with pytest.raises(SystemExit) as stopped:
        check_environment.main()
    assert stopped.value.code == 0
    assert "Exit code: 0 if the first chapters can run" in capsys.readouterr().out


def test_packages_come_from_the_installed_metadata():
    packages = check_environment.packages()
    assert {"numpy", "regex", "torch", "tiktoken"} <= set(packages[""])
    assert packages["oracles"] == ["protobuf", "sentencepiece", "tokenizers", "transformers"]


def test_every_extra_is_complete_or_says_how_to_install_it(monkeypatch):
    packages = {"": ["numpy"], "charts": ["numpy"], "talk": ["numpy", "no-voice", "no-ear"]}
    monkeypatch.setattr(check_environment, "packages", lambda: packages)
    rows = dict(check_environment.describe())
    assert rows["extra charts"] == "complete"
    assert rows["extra talk"] == 'without no-voice, no-ear: pip install -e ".[talk]"'


@pytest.mark.parametrize("missing", ["numpy", "tiktoken"])
def test_a_missing_package_is_one_line_on_stderr_and_exit_code_one(monkeypatch, capsys, missing):
    hide(monkeypatch, missing)
    assert check_environment.main() == 1
    written = capsys.readouterr()
    assert written.out == ""
    assert (
        written.err
        == f"Not ready: {missing} missing: run pip install -e . in the folder of the book.\n"
    )


def test_an_old_python_is_named(monkeypatch, capsys):
    monkeypatch.setattr(check_environment, "MINIMUM_PYTHON", (99, 0))
    assert check_environment.main() == 1
    assert "is too old: install Python 99.0 or newer" in capsys.readouterr().err


def test_a_book_that_is_not_installed_is_named(monkeypatch, capsys):
    hide(monkeypatch, "llm_book")
    assert check_environment.main() == 1
    assert "llm_book is not installed" in capsys.readouterr().err


def test_a_torch_that_does_not_start_is_named(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert check_environment.main() == 1
    assert "torch is installed but does not start" in capsys.readouterr().err


def test_the_cache_is_the_one_that_downloads_go_to(monkeypatch, tmp_path):
    assert dict(check_environment.describe())["cache"].startswith(f"{cache_folder()}, ")
    monkeypatch.setenv("LLM_BOOK_CACHE", str(tmp_path / "not" / "yet"))
    assert dict(check_environment.describe())["cache"].startswith(f"{cache_folder()}, ")


def test_a_gpu_is_named_with_its_memory(monkeypatch):
    card = SimpleNamespace(name="Accelerator 9", total_memory=80 * 2**30)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: card)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert dict(check_environment.describe())["gpu"] == "Accelerator 9, 80.0 GiB, 2 in all"


def test_without_a_gpu_it_says_that_none_is_needed(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert dict(check_environment.describe())["gpu"] == "none; the book needs none"


def test_it_imports_only_the_standard_library_before_it_has_looked():
    source = Path(check_environment.__file__).read_text("utf-8")
    imports = re.findall(r"(?m)^(?:from|import) (\w+)", source)
    assert set(imports) <= sys.stdlib_module_names
