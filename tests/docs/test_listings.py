"""Every listing is a public, documented object of the package."""

import importlib
import inspect

import pytest
from pages import LISTING

from llm_book.publishing.book import DOCS, navigation

LISTED = [
    (page, target)
    for page in navigation("en")
    if page.endswith(".md")
    for target, _ in LISTING.findall((DOCS / "en" / page).read_text("utf-8"))
]


def resolve(target: str):
    """Return the object that a dotted path names."""
    parts = target.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[cut:]:
            found = getattr(found, attribute)
        return found
    raise LookupError(target)


@pytest.mark.parametrize(("page", "target"), LISTED)
def test_a_listing_shows_an_object_where_it_is_defined(page, target):
    found = resolve(target)
    if inspect.isclass(found) or inspect.isfunction(found):
        assert target == f"{found.__module__}.{found.__qualname__}", "listed by another name"
        assert inspect.getdoc(found)
