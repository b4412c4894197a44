"""Every recorded measurement says where it comes from and is shown on a page."""

import json

import pytest

from benchmarks.results import FOLDER, pages
from llm_book.publishing.book import DOCS, LANGUAGES, navigation

FILES = sorted((FOLDER / "results").rglob("*.json"))


def name(file):
    return file.relative_to(FOLDER / "results").with_suffix("").as_posix()


@pytest.mark.parametrize("file", FILES, ids=name)
def test_a_result_names_its_command_date_and_machine(file):
    entry = json.loads(file.read_text("utf-8"))
    assert entry["command"] == f"python -m benchmarks.results {name(file)}"
    assert entry["date"].count("-") == 2
    assert {"processor", "cores", "threads", "python", "versions"} <= set(entry["machine"])
    assert entry["results"]


@pytest.mark.parametrize("file", FILES, ids=name)
def test_a_result_can_be_measured_again_and_is_drawn_on_its_page(file):
    assert name(file) in pages()
    assert f"{name(file)}.md" in navigation("en")
    script = (DOCS / "figures" / f"{name(file)}.py").read_text("utf-8")
    assert f'results("{name(file)}")' in script


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("file", FILES, ids=name)
def test_a_result_is_listed_on_the_page_of_results(file, language):
    """Draw it again with python -m llm_book.publishing.figures results."""
    lines = (DOCS / "figures" / "results" / f"table.{language}.md").read_text("utf-8").splitlines()
    date = json.loads(file.read_text("utf-8"))["date"]
    mine = [line for line in lines if line.endswith(f"| `{name(file)}` |")]
    assert any(f"({name(file)}.md#measure)" in line and date in line for line in mine)
