"""Figures of the page nn/rms_norm."""

import torch

from llm_book.nn.layer_norm import LayerNorm
from llm_book.nn.rms_norm import RMSNorm
from llm_book.publishing.figures import BLUE, MUTED, ORANGE, PAPER, arrow, canvas

TOKENS = [(3, 4), (4, 1), (2.6, -2), (-1, -3.4), (-3.6, -1.4), (-3.2, 1.2), (-0.6, 3.6), (0.3, 0.4)]
WORDS = {
    "en": {
        "title": "Where RMSNorm and layer normalization send tokens of width 2",
        "description": (
            "Eight tokens in a plane. RMSNorm moves each along the line through the origin onto "
            "one circle of radius 1.41; two that have the same direction meet there. Layer normalization sends them all to one of two points, "
            "(1, -1) and (-1, 1)."
        ),
        "tokens": "tokens",
        "rms": "after RMSNorm",
        "layer": "after LayerNorm",
        "first": "first number",
        "second": "second number",
    },
    "zh": {
        "title": "宽度为 2 的词元，经过 RMSNorm 和层归一化，到了哪里",
        "description": (
            "平面上有八个词元。RMSNorm 让每个词元沿着通过原点的直线，走到同一个圆上，半径 1.41，方向相同的两个走到了一处；"
            "层归一化之后只剩两个点：(1, -1) 和 (-1, 1)。"
        ),
        "tokens": "词元",
        "rms": "RMSNorm 之后",
        "layer": "LayerNorm 之后",
        "first": "第一个数",
        "second": "第二个数",
    },
}


def circle(language: str):
    """Draw tokens of width 2, and where the two normalizations send them."""
    words = WORDS[language]
    figure, axes = canvas(
        560, 400, title=words["title"], description=words["description"], plot=True
    )
    angles = torch.linspace(0, 2 * torch.pi, 200)
    axes.plot(2**0.5 * angles.cos(), 2**0.5 * angles.sin(), color=BLUE, linewidth=1, alpha=0.5)
    x = torch.tensor(TOKENS, dtype=torch.float32)
    with torch.no_grad():
        rms, layer = RMSNorm(2)(x), LayerNorm(2)(x)
    for start, end in zip(x.tolist(), rms.tolist(), strict=True):
        arrow(axes, tuple(start), tuple(end), shrinkA=5, shrinkB=5)
    axes.axhline(0, color=MUTED, linewidth=0.6)
    axes.axvline(0, color=MUTED, linewidth=0.6)
    axes.plot(*x.T, "o", color=MUTED, markerfacecolor=PAPER, label=words["tokens"])
    axes.plot(*rms.T, "o", color=BLUE, label=words["rms"])
    axes.plot(*layer.T, "s", color=ORANGE, label=words["layer"])
    axes.annotate("(3, 4)", TOKENS[0], (8, 0), textcoords="offset points", va="center")
    axes.annotate(
        "(0.85, 1.13)", (0.85, 1.13), (10, -1), textcoords="offset points", va="center", color=BLUE
    )
    axes.set(xlim=(-4.6, 6.6), ylim=(-4, 4.7), xlabel=words["first"], ylabel=words["second"])
    axes.set_aspect("equal")
    axes.legend(loc="lower right", fontsize=10)
    return figure


FIGURES = {"circle": circle}
