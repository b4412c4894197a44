"""The table of the page glossary, from docs/glossary.yml."""

import yaml

from llm_book.publishing.book import DOCS

HEAD = {"en": ("English", "Chinese"), "zh": ("英文", "中文")}


def terms(language: str) -> str:
    """List every term once, in the order of the English alphabet."""
    glossary = yaml.safe_load((DOCS / "glossary.yml").read_text("utf-8"))
    rows = sorted(((term["en"], term["zh"]) for term in glossary), key=lambda row: row[0].lower())
    lines = [HEAD[language], ("---", "---"), *rows]
    return "\n".join(f"| {english} | {chinese} |" for english, chinese in lines)


FIGURES = {"terms": terms}
