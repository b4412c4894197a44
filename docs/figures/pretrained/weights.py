"""Figures and tables of the page pretrained/weights."""

import struct

import torch

from llm_book.models.gpt2 import GPT2, GPT2_124M, WEIGHT_NAMES
from llm_book.pretrained.weights import lay_out
from llm_book.publishing.figures import (
    BLUE,
    GREEN,
    MUTED,
    ORANGE,
    PAPER,
    PURPLE,
    arrow,
    box,
    canvas,
    cell,
    table,
)

HEADER = b'{"a":{"dtype":"F32","shape":[1,3],"data_offsets":[0,12]}}'
FILE = struct.pack("<Q", len(HEADER)) + HEADER + struct.pack("<3f", 1.0, -2.0, 0.5)
WORDS = {
    "en": {
        "file": "The 77 bytes of a safetensors file",
        "file_description": (
            "Five rows of up to 16 bytes in hexadecimal. The first 8 bytes hold the number 57, the "
            "length of the header. The next 57 bytes are the header, JSON that can be read as text. "
            "The last 12 bytes are the three numbers 1.0, -2.0, and 0.5, four bytes each."
        ),
        "length": "length of the header: 57",
        "header": "header: JSON",
        "numbers": "numbers: 1.0, −2.0, 0.5",
        "marks": "Three ways in which a file may hold our matrices",
        "marks_description": (
            "On the left a file holds a matrix transposed: four rows of six become six rows of "
            "four. In the middle it holds two of our matrices in one, the first above the second. "
            "On the right it holds three matrices that we keep as one stack."
        ),
        "stored": "in the file",
        "ours": "ours",
        "captions": ["transposed: c_fc.T", "joined: qk[0], qk[1]", "a stack: expert.#.down"],
        "head": ["name in the file", "our name", "shape in the file", "numbers"],
        "block": "h.3.… in all twelve blocks",
        "all": "all",
    },
    "zh": {
        "file": "一个 safetensors 文件的 77 个字节",
        "file_description": (
            "十六进制，每行 16 个字节，共五行。头 8 个字节是 57，也就是文件头的长度；接着 57 个字节是文件头，"
            "一段看得懂的 JSON；最后 12 个字节是三个数 1.0、-2.0、0.5，每个占四个字节。"
        ),
        "length": "文件头的长度：57",
        "header": "文件头：JSON",
        "numbers": "数：1.0、−2.0、0.5",
        "marks": "文件里放矩阵的三种办法",
        "marks_description": (
            "左边，文件里的矩阵是转置的，四行六列变成六行四列。中间，文件把我们的两个矩阵合成一个，一上一下。"
            "右边，文件里是三个矩阵，我们叠成一摞。"
        ),
        "stored": "文件里",
        "ours": "我们的",
        "captions": ["转置：c_fc.T", "合并：qk[0]、qk[1]", "一摞：expert.#.down"],
        "head": ["文件里的名字", "我们的名字", "文件里的形状", "个数"],
        "block": "h.3.… 在十二个块里",
        "all": "合计",
    },
}


def file(language: str):
    """Draw every byte of the file that the page writes by hand."""
    words, size, left, top = WORDS[language], 36, 60, 46
    figure, axes = canvas(690, 250, title=words["file"], description=words["file_description"])
    parts = [("length", 8, ORANGE), ("header", 8 + len(HEADER), BLUE), ("numbers", 99, GREEN)]
    for x, (name, _, color) in zip((left, left + 230, left + 380), parts, strict=True):
        cell(axes, x, 10, 20, 16, color=color, strength=0.3)
        axes.text(x + 28, 18, words[name], va="center")
    for i, byte in enumerate(FILE):
        x, y = left + size * (i % 16), top + 40 * (i // 16)
        color = next(color for _, end, color in parts if i < end)
        cell(axes, x, y, size, 36, color=color, strength=0.3 if color != BLUE else 0.12)
        shown = color == BLUE
        axes.text(
            x + size / 2, y + (12 if shown else 18), f"{byte:02x}", ha="center", va="center",
            fontsize=10, color=MUTED if shown else None, family="monospace",
        )  # fmt: skip
        if shown:
            axes.text(x + size / 2, y + 26, chr(byte), ha="center", va="center", family="monospace")
    for row in range(5):
        axes.text(
            left - 10, top + 40 * row + 18, str(16 * row), ha="right", va="center", color=MUTED
        )
    return figure


def grid(axes, x, y, rows, columns, color, text=None, size=20):
    """Draw a small matrix from its top left corner; `text(row, column)` fills it."""
    box(axes, x, y, size * columns, size * rows, facecolor=PAPER, edgecolor="none")
    for r in range(rows):
        for c in range(columns):
            shown = text(r, c) if text else ""
            cell(axes, x + size * c, y + size * r, size, size, shown, color=color, size=9)


def marks(language: str):
    """Draw the marks of the example, with its sizes."""
    words, top = WORDS[language], 60
    figure, axes = canvas(690, 250, title=words["marks"], description=words["marks_description"])
    for x, ours, caption in zip((10, 275, 510), (165, 385, 605), words["captions"], strict=True):
        axes.text(x, 18, caption, fontsize=12, va="center")
        axes.text(x, 44, words["stored"], color=MUTED, va="center")
        axes.text(ours, 44, words["ours"], color=MUTED, va="center")
    grid(axes, 10, top, 4, 6, BLUE, lambda r, c: str(4 * c + r + 1))
    grid(axes, 165, top, 6, 4, BLUE, lambda r, c: str(4 * r + c + 1))
    arrow(axes, (134, 100), (161, 100))
    for x, gap in ((275, 0), (385, 20)):
        grid(axes, x, top, 4, 4, BLUE)
        grid(axes, x, top + 80 + gap, 2, 4, ORANGE)
    arrow(axes, (359, 100), (381, 100))
    arrow(axes, (359, 160), (381, 180))
    for place, color in reversed(list(enumerate((BLUE, ORANGE, PURPLE)))):
        y = top + 62 * place
        axes.text(502, y + 24, str(place), ha="right", va="center", color=MUTED)
        grid(axes, 510, y, 4, 6, color, size=12)
        grid(axes, 605 + 5 * place, top + 80 - 18 * place, 4, 6, color, size=12)
        arrow(axes, (586, y + 24), (602, top + 95 - 8 * place))
    return figure


def names(language: str) -> str:
    """List the tensors of GPT-2 124M: what stands before, in, and after one block."""
    words = WORDS[language]
    with torch.device("meta"):
        model = GPT2(GPT2_124M)
    ours = dict(model.named_parameters())
    rows, total, block = [], 0, 0
    for name, published in lay_out(ours, WEIGHT_NAMES).items():
        shape = published.shape(ours)
        size = torch.Size(shape).numel()
        total, block = total + size, block + size * name.startswith("h.")
        if not name.startswith("h.") or name.startswith("h.3."):
            part = published.parts[0][0].replace("blocks.3.", "….")
            rows.append([f"`{name}`", f"`{part}`", " × ".join(map(str, shape)), f"{size:,}"])
    assert total == 124_439_808
    rows.insert(14, [words["block"], "", "", f"{block:,}"])
    rows.append([words["all"], "", "", f"**{total:,}**"])
    return table(words["head"], rows)


FIGURES = {"file": file, "marks": marks, "names": names}
