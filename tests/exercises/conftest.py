"""The module under test: the solution, or the reader's own work when a reader checks it."""

import importlib
import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def exercise(request):
    """The exercises of the page that the test file is named after."""
    path = request.path.relative_to(HERE).with_suffix("")
    name = ".".join((*path.parts[:-1], path.name.removeprefix("test_")))
    solution = "" if os.environ.get("LLM_BOOK_EXERCISES") == "mine" else "_solution"
    return importlib.import_module(f"llm_book.exercises.{name}{solution}")
