"""Figures of the page data/gutenberg."""

import tempfile
from pathlib import Path

from llm_book.data.gutenberg import START, decode, judge_all
from llm_book.publishing.figures import GRAY, GREEN, MUTED, ORANGE, canvas, cell
from llm_book.publishing.own_books import write_library

WORDS = {
    "en": {
        "title": "Nine files, what of each is book, and which are kept",
        "description": (
            "Nine horizontal bars, one for each file, as long as the file has characters. Each "
            "begins with a header and ends with a notice; the book lies between. Three bars are "
            "kept. The others are dropped as a duplicate, for their language, as too short, or "
            "because they have no marker."
        ),
        "head": ["file", "header, book, and notice, in characters", "verdict"],
        "kept": "kept",
        "keys": [("book, kept", GREEN, 0.3), ("book, dropped", GRAY, 0.15),
                 ("header and notice", ORANGE, 0.5)],
        "verdicts": {},
    },
    "zh": {
        "title": "九个文件，各有多少是书，哪些留下",
        "description": (
            "九根横条，一个文件一根，长短是字符数。每根开头是文件头，末尾是声明，中间是书。三根留下；"
            "其余的或是重复，或是语言不对，或是太短，或是没有标记，都不要。"
        ),
        "head": ["文件", "文件头、书、声明，按字符数", "判定"],
        "kept": "留下",
        "keys": [("书，留下", GREEN, 0.3), ("书，不要", GRAY, 0.15),
                 ("文件头和声明", ORANGE, 0.5)],
        "verdicts": {
            "duplicate": "重复",
            "header says chinese": "文件头说是中文",
            "header says french": "文件头说是法文",
            "text looks like fr": "正文像法文",
            "too short": "太短",
            "no start marker": "没有开头标记",
        },
    },
}  # fmt: skip


def library(language: str):
    """Draw every file of the small library as a bar, with the verdict on it."""
    words = WORDS[language]
    figure, axes = canvas(690, 322, title=words["title"], description=words["description"])
    columns, step, top = (4, 98, 530), 28, 30
    for x, head in zip(columns, words["head"], strict=True):
        axes.text(x, 12, head, va="center", color=MUTED)
    with tempfile.TemporaryDirectory() as folder:
        paths = sorted(write_library(folder).iterdir())
        verdicts = list(judge_all(paths, "en"))
        wholes = [decode(path.read_bytes()) for path in paths]
    scale = 420 / max(map(len, wholes))
    for row, (verdict, whole) in enumerate(zip(verdicts, wholes, strict=True)):
        y, name = top + step * row, Path(verdict.path).name
        axes.text(columns[0], y + 10, name, va="center", fontsize=10, family="monospace")
        marker = START.search(whole)
        before = marker.end() if marker else len(whole)
        after = len(whole) - before - verdict.characters if marker else 0
        x = columns[1]
        kept = not verdict.dropped
        for size, color, strength in (
            (before, ORANGE, 0.5),
            (verdict.characters, GREEN if kept else GRAY, 0.3 if kept else 0.15),
            (after, ORANGE, 0.5),
        ):
            if size:
                wide = size * scale > 60 and color != ORANGE
                text = f"{size:,}" if wide else ""
                cell(axes, x, y, size * scale, 20, text, color=color, strength=strength, size=10)
            x += size * scale
        text = words["verdicts"].get(verdict.dropped, verdict.dropped) or words["kept"]
        weight = "bold" if kept else "normal"
        axes.text(columns[2], y + 10, text, va="center", fontsize=10.5, weight=weight)
    x = columns[1]
    for text, color, strength in words["keys"]:
        cell(axes, x, top + step * len(paths) + 10, 22, 16, color=color, strength=strength)
        axes.text(x + 30, top + step * len(paths) + 18, text, va="center")
        x += 145
    return figure


FIGURES = {"library": library}
