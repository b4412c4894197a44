"""What the tests of the text read out of a page."""

import re
from pathlib import Path

FENCE = re.compile(r"^( *)(`{3,}|~{3,})(.*?)\n(.*?)^\1\2$", re.M | re.S)
HEADING = re.compile(r"^(#+) (.*?)(?: \{ ?#([\w-]+) ?\})?$", re.M)
LISTING = re.compile(r"^ *::: ([\w.]+)((?:\n +options:.*)?)$", re.M)
INCLUDE = re.compile(r"^ *--8<-- \"(.+?)\"$", re.M)
FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<![\\$])\$([^$\n]+?)\$(?!\$)", re.S)
IMAGE = re.compile(r"!\[[^\]]*\]\(([^)]+)\)")
ADMONITION = re.compile(r"^ *(?:\?\?\?\+?|!!!) (\w+)", re.M)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def prose(text: str) -> str:
    """Return a page without its code blocks."""
    return FENCE.sub("", text)


def without_language(path: str) -> str:
    """Return an included path with its language left out: figure.en.svg and figure.zh.svg agree."""
    return (
        re.sub(r"\.(en|zh)\.(svg|md)$", r".*.\2", path)
        .replace("docs/en/", "docs/*/")
        .replace("docs/zh/", "docs/*/")
    )


def skeleton(file: Path) -> dict[str, list]:
    """Return what a page and its twin must share, in order."""
    text = file.read_text("utf-8")
    code = [(info.strip(), body) for _, _, info, body in FENCE.findall(text)]
    rest = prose(text)
    return {
        "headings": [(level, name) for level, _, name in HEADING.findall(rest)],
        "listings": [target for target, _ in LISTING.findall(text)],
        "code": code,
        "includes": [without_language(path) for path in INCLUDE.findall(text)],
        "displayed formulas": [display for display, _ in FORMULA.findall(rest) if display],
        "formulas in a line": sorted({inline for _, inline in FORMULA.findall(rest) if inline}),
        "images": [without_language(path) for path in IMAGE.findall(rest)],
        "admonitions": ADMONITION.findall(rest),
        "links": sorted(set(LINK.findall(rest))),
    }
