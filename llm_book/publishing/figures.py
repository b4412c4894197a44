"""Draw the figures and tables of a page, once in each language.

A script docs/figures/<page>.py holds functions of the language ("en" or "zh") in a dictionary
`FIGURES`. One that returns a matplotlib figure (made by `canvas`) becomes an SVG, one that
returns a string becomes Markdown: docs/figures/<page>/<name>.<language>.svg or .md. Both are
committed; a test draws them again and compares.

    python -m llm_book.publishing.figures                  # all of them
    python -m llm_book.publishing.figures tokenizers/bpe   # those of one page
"""

import argparse
import ast
import difflib
import html
import inspect
import io
import json
import re
import runpy
import sys
import textwrap
import warnings
from pathlib import Path
from typing import Any

import matplotlib as mpl
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from tqdm import tqdm

from llm_book.publishing.book import DOCS, LANGUAGES, ROOT

# Colours by role. In the SVG each is a variable of the site's style sheet, with this value where
# there is none, so that one drawing serves the light and the dark page.
INK, MUTED, PAPER = "#202124", "#6b7281", "#fefefe"
BLUE, ORANGE, GREEN = "#2268b5", "#c25a0a", "#2b8457"
RED, PURPLE, GRAY = "#bd3a4a", "#7a52b3", "#6b7280"
VARIABLES = {
    INK: "--md-default-fg-color",
    MUTED: "--md-default-fg-color--light",
    PAPER: "--md-default-bg-color",
    BLUE: "--book-blue",
    ORANGE: "--book-orange",
    GREEN: "--book-green",
    RED: "--book-red",
    PURPLE: "--book-purple",
    GRAY: "--book-gray",
}
STYLE = {
    "svg.fonttype": "none",  # text stays text: searchable, and in the reader's own fonts
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=[BLUE, ORANGE, GREEN, PURPLE, RED, GRAY]),
    "figure.facecolor": "none",
    "grid.color": MUTED,
    "grid.alpha": 0.25,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "legend.frameon": False,
    "text.parse_math": False,
}


def canvas(
    width: float, height: float, *, title: str, description: str, plot: bool = False
) -> tuple[Figure, Axes]:
    """Start a figure of `width` by `height` pixels at its natural size.

    Args:
        width: Width in pixels; a page's column is about 690 wide.
        height: Height in pixels.
        title: What the figure is, for readers who hear it.
        description: What it shows, in a sentence or two, for the same readers.
        plot: Keep the axes of a plot. Otherwise the axes are off, fill the figure, and one unit
            is one pixel, with (0, 0) at the top left.

    Returns:
        The figure and its axes.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width / 72, height / 72), dpi=72)
        if plot:
            figure.set_layout_engine("constrained")
            axes = figure.add_subplot()
        else:
            axes = figure.add_axes((0, 0, 1, 1))
            axes.set(xlim=(0, width), ylim=(height, 0))
            axes.axis("off")
    figure.set_label(json.dumps([title, description]))
    return figure, axes


def box(axes: Axes, x: float, y: float, width: float, height: float, **style: Any) -> Rectangle:
    """Draw a rectangle from its top left corner: outlined by default, filled with `facecolor`."""
    default: dict[str, Any] = {"facecolor": "none", "edgecolor": MUTED, "linewidth": 1}
    rectangle = Rectangle((x, y), width, height, **(default | style))
    axes.add_patch(rectangle)
    return rectangle


def cell(
    axes: Axes,
    x: float,
    y: float,
    width: float,
    height: float,
    text: str = "",
    *,
    color: str = BLUE,
    strength: float = 0.15,
    size: float = 11,
    **text_style: Any,
) -> None:
    """Draw a box with centred text whose fill is `color` at `strength` (0 to 1)."""
    box(axes, x, y, width, height, facecolor=color, alpha=strength, edgecolor="none")
    box(axes, x, y, width, height, edgecolor=color)
    default: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": size, "color": INK}
    axes.text(x + width / 2, y + height / 2, text, **(default | text_style))


def arrow(
    axes: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    *,
    color: str = MUTED,
    **style: Any,
) -> None:
    """Draw an arrow from `start` to `end`."""
    properties = {"arrowstyle": "-|>", "color": color, "shrinkA": 0, "shrinkB": 0, "linewidth": 1.2}
    axes.annotate("", xy=end, xytext=start, arrowprops=properties | style)


def svg(figure: Figure, name: str) -> str:
    """Return `figure` as an SVG element that may stand inside a page."""
    title, description = json.loads(str(figure.get_label()))
    stream = io.StringIO()
    with mpl.rc_context(STYLE | {"svg.hashsalt": name, "svg.id": None}), warnings.catch_warnings():
        # Chinese is measured without its font: the reader's browser draws it, anchored as asked.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(stream, format="svg", metadata=nothing)
    drawing = stream.getvalue()
    drawing = drawing[drawing.index("<svg") :]
    view = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', drawing)
    assert view is not None, "matplotlib always writes a viewBox"
    head = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'role="img" font-family="system-ui, sans-serif" viewBox="0 0 {view[1]} {view[2]}" '
        f'style="--width: {float(view[1]):.0f}px">\n'
        f"<title>{html.escape(title)}</title>\n<desc>{html.escape(description)}</desc>"
    )
    drawing = head + drawing[drawing.index(">") + 1 :]
    drawing = re.sub(r"<defs>\s*<style.*?</defs>\s*", "", drawing, count=1, flags=re.S)
    drawing = re.sub(r"<metadata>.*?</metadata>\s*", "", drawing, flags=re.S)
    drawing = re.sub(r' id="[a-z0-9]+_\d+"', "", drawing)  # the others are referred to
    drawing = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", drawing)
    for color, variable in VARIABLES.items():
        drawing = drawing.replace(color, f"var({variable}, {color})")
    return re.sub(r"\n\s*\n", "\n", drawing).strip() + "\n"


def draw(script: Path) -> dict[Path, str]:
    """Run a figure script and return the text of each file it stands for, writing nothing."""
    figures = runpy.run_path(str(script))["FIGURES"]
    folder = script.with_suffix("")
    files = {}
    for name, function in figures.items():
        for language in LANGUAGES:
            with mpl.rc_context(STYLE):
                made = function(language)
            if isinstance(made, Figure):
                stem = f"{folder.relative_to(DOCS).as_posix()}/{name}"
                files[folder / f"{name}.{language}.svg"] = svg(made, stem)
            else:
                files[folder / f"{name}.{language}.md"] = made.rstrip() + "\n"
    return files


def scripts() -> list[Path]:
    """Return every figure script of the book."""
    return sorted((DOCS / "figures").rglob("*.py"))


def results(path: str) -> Any:
    """Return what the benchmark benchmarks/<path> recorded, for a plot or a table."""
    return json.loads((ROOT / "benchmarks" / "results" / f"{path}.json").read_text("utf-8"))


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table: the first column to the left, the numbers to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def source_diff(older: type, newer: type) -> str:
    """Return how the source of a class differs from that of an older one, as Markdown.

    Docstrings and blank lines are left out. All other lines are there, those that both share
    without a mark.
    """
    before, after = _code_lines(older), _code_lines(newer)
    lines = ["```diff"]
    removed: list[str] = []
    added: list[str] = []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for kind, first, end, new_first, new_end in matcher.get_opcodes():
        shared = end == len(before) or any(re.search(r"\w", line) for line in before[first:end])
        if kind == "equal" and shared:
            lines += [*removed, *added, *(f"  {line}" for line in before[first:end])]
            removed, added = [], []
        else:  # brackets alone, between two changes, are no common ground
            removed += [f"- {line}" for line in before[first:end]]
            added += [f"+ {line}" for line in after[new_first:new_end]]
    return "\n".join([*lines, *removed, *added, "```"])


def _code_lines(thing: type) -> list[str]:
    """Return the lines of a class that are neither blank nor part of a docstring."""
    source = textwrap.dedent(inspect.getsource(thing))
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            start, end = node.body[0].lineno - 1, node.body[0].end_lineno or 0
            lines[start:end] = [""] * (end - start)
    return [line for line in lines if line.strip()]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m llm_book.publishing.figures",
        description="Draw the figures and tables of the book's pages from their scripts.",
    )
    parser.add_argument("page", nargs="*", help="such as tokenizers/bpe (default: every page)")
    pages = parser.parse_args().page
    for page in pages:
        if not (DOCS / "figures" / f"{page}.py").exists():
            sys.exit(f"docs/figures/{page}.py does not exist")
    chosen = [DOCS / "figures" / f"{page}.py" for page in pages] or scripts()
    for script in tqdm(chosen, unit="page", disable=None):
        for file, text in draw(script).items():
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
