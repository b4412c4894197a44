"""Both languages tell the same story: headings, listings, code, formulas and figures agree."""

import pytest
from pages import HEADING, prose, skeleton

from llm_book.publishing.book import DOCS, LANGUAGES, ROOT, module_file, navigation

PAGES = [page for page in navigation("en") if page.endswith(".md")]
TAUGHT = [page for page in PAGES if module_file(page).exists()]
SECTIONS = ["question", "idea", "code", "check", "measure", "pitfalls", "exercises", "references"]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_and_its_twin_share_their_skeleton(page):
    assert skeleton(DOCS / "zh" / page) == skeleton(DOCS / "en" / page)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", PAGES)
def test_every_heading_has_an_id_of_its_own(page, language):
    ids = [
        name for _, _, name in HEADING.findall(prose((DOCS / language / page).read_text("utf-8")))
    ]
    assert all(ids), ids
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("page", TAUGHT)
def test_a_page_with_a_module_has_the_fixed_sections_in_order(page):
    ids = [
        name
        for level, _, name in HEADING.findall(prose((DOCS / "en" / page).read_text("utf-8")))
        if level == "##"
    ]
    measured = (ROOT / "benchmarks" / "results" / page).with_suffix(".json").exists()
    expected = [name for name in SECTIONS if name != "measure" or measured]
    assert [name for name in ids if name in expected] == expected


@pytest.mark.parametrize("page", TAUGHT)
def test_a_page_offers_at_least_two_exercises(page):
    text = (DOCS / "en" / page).read_text("utf-8")
    section = text[text.index("{#exercises}") : text.index("{#references}")]
    numbered = [name for level, _, name in HEADING.findall(section) if level == "###"]
    assert len(numbered) >= 2
    assert section.count('??? success "') >= len(numbered), (
        "each exercise ends in a folded solution"
    )
