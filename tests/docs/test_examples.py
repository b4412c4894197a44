"""Every example prints what its page shows, and every figure is what its script draws.

Record them again with `make results`, or python -m llm_book.publishing.examples (or figures).
"""

import re
from functools import cache

import pytest

from llm_book.publishing.book import DOCS, LANGUAGES, ROOT, navigation
from llm_book.publishing.examples import examples, run
from llm_book.publishing.figures import draw, scripts

NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")


def name(path):
    return path.relative_to(DOCS).with_suffix("").as_posix()


@pytest.mark.parametrize("script", examples(), ids=name)
def test_an_example_prints_what_is_recorded(script):
    assert run(script) == script.with_suffix(".txt").read_text("utf-8")


@cache
def all_pages(language):
    """Every page of a language, as one text."""
    return "".join(file.read_text("utf-8") for file in (DOCS / language).rglob("*.md"))


@pytest.mark.parametrize("script", examples(), ids=name)
def test_an_example_and_its_output_stand_on_a_page_of_each_language(script):
    for language in LANGUAGES:
        for file in (script, script.with_suffix(".txt")):
            assert f'--8<-- "{file.relative_to(ROOT).as_posix()}' in all_pages(language)


@pytest.mark.parametrize("script", scripts(), ids=name)
def test_a_figure_is_what_its_script_draws(script):
    """Words and shapes agree, and coordinates to half a pixel: last digits differ by processor."""
    drawn = draw(script)
    kept = set(script.with_suffix("").glob("*.*"))
    assert set(drawn) == kept
    for file, text in drawn.items():
        recorded = file.read_text("utf-8")
        assert NUMBER.sub("#", text) == NUMBER.sub("#", recorded), file.name
        pairs = zip(NUMBER.findall(text), NUMBER.findall(recorded), strict=True)
        assert all(abs(float(a) - float(b)) <= 0.5 for a, b in pairs), file.name


def test_figures_and_examples_belong_to_pages():
    folders = {
        file.relative_to(DOCS / kind).as_posix()
        for kind, files in (("figures", scripts()), ("examples", {e.parent for e in examples()}))
        for file in files
    }
    pages = {page.removesuffix(".md") for page in navigation("en")}
    assert {folder.removesuffix(".py") for folder in folders} <= pages
