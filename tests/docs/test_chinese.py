"""The Chinese pages keep to the glossary and to the conventions of Chinese typesetting."""

import re

import autocorrect_py
import pytest
import yaml
from pages import FENCE, FORMULA

from llm_book.publishing.book import DOCS, ROOT, navigation

PAGES = [page for page in navigation("zh") if page.endswith(".md")]
GLOSSARY = yaml.safe_load((DOCS / "glossary.yml").read_text("utf-8"))
BANNED = {word: term["zh"] for term in GLOSSARY for word in term.get("ban", [])}
# 一词多义的日常字词（块、轮……）在 glossary.yml 里标了 common，不要求首次附原文。
TERMS = {
    term["zh"]: term["en"]
    for term in GLOSSARY
    if term["zh"] != term["en"]
    and not term.get("common")
    and "/" not in term["zh"]
    and "（" not in term["zh"]
}


def words(page: str) -> str:
    """Return the prose of a Chinese page: no code, formulas, links' targets or headings' ids."""
    text = (DOCS / "zh" / page).read_text("utf-8")
    text = re.sub(
        r"`[^`\n]+`|\{[^}\n]*\}|\]\([^)\s]+\)|<[^>]+>|^ *:::.*$|^ *--8<--.*$",
        " ",
        FENCE.sub("", text),
        flags=re.M,
    )
    return FORMULA.sub(" ", text)


@pytest.mark.parametrize("page", PAGES)
def test_no_banned_rendering_of_a_term_occurs(page):
    found = {word: f"write {right}" for word, right in BANNED.items() if word in words(page)}
    assert found == {}


def test_the_first_use_of_a_term_carries_the_english():
    longest_first = sorted(TERMS, key=len, reverse=True)
    seen, missing = set(), []
    for page in PAGES:
        if page == "glossary.md":
            continue
        text = re.sub(r"^#.*$", "", words(page), flags=re.M)
        for match in re.finditer("|".join(map(re.escape, longest_first)), text):
            term = match[0]
            if term in seen:
                continue
            seen.add(term)
            after = text[match.end() : match.end() + len(TERMS[term]) + 12].replace("*", "").lower()
            if not after.lstrip().startswith(f"（{TERMS[term].lower()}"):
                place = text[match.start() - 8 : match.end() + 8]
                missing.append(f"{page}: {term} needs （{TERMS[term]}）: {place!r}")
    assert missing == []


@pytest.mark.parametrize("page", PAGES)
def test_spacing_and_punctuation_follow_the_conventions(page):
    file = DOCS / "zh" / page
    autocorrect_py.load_config((ROOT / ".autocorrectrc").read_text("utf-8"))
    lint = autocorrect_py.lint_for(file.read_text("utf-8"), "markdown")
    assert [f"{page}:{line.line}: {line.new.strip()}" for line in lint.lines] == []


@pytest.mark.parametrize("page", PAGES)
def test_a_space_stands_between_inline_code_and_chinese(page):
    text = FENCE.sub("", (DOCS / "zh" / page).read_text("utf-8"))
    codes = re.finditer(r"`[^`\n]+`", text)
    edges = [text[max(match.start() - 1, 0) : match.end() + 1] for match in codes]
    touching = r"^[\u4e00-\u9fff]`|`[\u4e00-\u9fff]$"
    assert [edge for edge in edges if re.search(touching, edge)] == []


@pytest.mark.parametrize("page", PAGES)
def test_chinese_sentences_use_full_width_punctuation(page):
    halves = re.findall(r".{0,6}[\u4e00-\u9fff] ?[,;:?!](?!\S*\d)\s.{0,6}", words(page))
    assert halves == []
