"""Where the parts of the book lie: its root folder, its navigation, and the twin of each page."""

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
LANGUAGES = ("en", "zh")
CONFIGS = {"en": ROOT / "mkdocs.yml", "zh": ROOT / "mkdocs.zh.yml"}


class _Loader(yaml.SafeLoader):
    """Reads a MkDocs configuration without acting on its tags."""


_Loader.add_multi_constructor("!", lambda loader, suffix, node: None)


def configuration(language: str) -> dict[str, Any]:
    """Return the MkDocs configuration of `language`, as written in its own file."""
    config: dict[str, Any] = yaml.load(CONFIGS[language].read_text("utf-8"), _Loader)
    return config


def navigation(language: str) -> list[str]:
    """Return the pages of the book in reading order, as paths below docs/<language>."""
    return _flatten(configuration(language)["nav"])


def _flatten(nav: list[Any]) -> list[str]:
    pages: list[str] = []
    for item in nav:
        value = next(iter(item.values())) if isinstance(item, dict) else item
        pages += [value] if isinstance(value, str) else _flatten(value)
    return pages


def module_file(page: str) -> Path:
    """Return the module that a page teaches; the file need not exist."""
    return ROOT / "llm_book" / Path(page).with_suffix(".py")
