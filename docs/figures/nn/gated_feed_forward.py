"""Figures and tables of the page nn/gated_feed_forward."""

import torch
from torch.nn import functional as F

from llm_book.publishing.figures import BLUE, GREEN, INK, MUTED, ORANGE, canvas, cell, table

MODELS = [  # name, width, hidden width, activation
    ("GPT-2 124M", 768, 3072, None),
    ("Llama 2 7B", 4096, 11_008, "SiLU"),
    ("Llama 3 8B", 4096, 14_336, "SiLU"),
    ("Qwen3 0.6B", 1024, 3072, "SiLU"),
    ("ChatGLM3 6B", 4096, 13_696, "SiLU"),
    ("Gemma 3 270M", 640, 2048, "GELU"),
]
WORDS = {
    "en": {
        "gates": "Four curves that open a gate",
        "gates_description": (
            "Sigmoid goes from 0 to 1. ReLU, GELU, and SiLU are near 0 on the left and near x on "
            "the right; SiLU dips to -0.28 at -1.28 and is the widest of the three."
        ),
        "gate": "what gate_proj gives",
        "opens": "what it becomes",
        "units": "What one hidden number makes of two features",
        "units_description": (
            "Two tables of 9 by 9 numbers. On the left the plain unit GELU(a + b): its values change "
            "along one direction only, from 0 to large. On the right the gated unit SiLU(a) times b: "
            "it is near 0 where a is negative, and where a is positive it follows b, up and down."
        ),
        "plain": "plain: GELU(a + b)",
        "gated": "gated: SiLU(a) · b",
        "head": ["model", "$C$", "$F$", "$F / C$", "matrices", "parameters of one network"],
    },
    "zh": {
        "gates": "四条开门的曲线",
        "gates_description": (
            "sigmoid 从 0 升到 1。ReLU、GELU、SiLU 左边接近 0，右边接近 x；SiLU 在 -1.28 处低到 -0.28，"
            "是三条里弯得最宽的。"
        ),
        "gate": "gate_proj 给出的数",
        "opens": "变成多少",
        "units": "一个隐藏的数，拿两个特征做出什么",
        "units_description": (
            "两张 9 乘 9 的表。左边是普通的 GELU(a + b)，只沿一个方向变化，从 0 到大。右边是带门的 SiLU(a) 乘 b："
            "a 是负数的地方接近 0，a 是正数的地方跟着 b 有升有降。"
        ),
        "plain": "普通：GELU(a + b)",
        "gated": "带门：SiLU(a) · b",
        "head": ["模型", "$C$", "$F$", "$F / C$", "矩阵个数", "一个网络的参数"],
    },
}


def gates(language: str):
    """Plot the activations."""
    words = WORDS[language]
    figure, axes = canvas(
        620, 300, title=words["gates"], description=words["gates_description"], plot=True
    )
    x = torch.linspace(-4, 4, 201)
    for name, function, color, style in (
        ("sigmoid", torch.sigmoid, GREEN, ":"),
        ("ReLU", F.relu, MUTED, "--"),
        ("GELU", F.gelu, ORANGE, "-."),
        ("SiLU", F.silu, BLUE, "-"),
    ):
        axes.plot(x, function(x), style, color=color, linewidth=2, label=name)
    axes.set(xlabel=words["gate"], ylabel=words["opens"], ylim=(-0.6, 3.2))
    axes.grid()
    axes.legend(loc="upper left")
    return figure


def units(language: str):
    """Draw the values of a plain and of a gated hidden number over a grid of two features."""
    words = WORDS[language]
    figure, axes = canvas(690, 330, title=words["units"], description=words["units_description"])
    numbers = torch.linspace(-2, 2, 9)
    a, b = torch.meshgrid(numbers, numbers, indexing="xy")
    for left, name, values in ((46, "plain", F.gelu(a + b)), (392, "gated", F.silu(a) * b)):
        axes.text(left + 135, 14, words[name], ha="center", va="center", fontsize=12)
        for row, line in enumerate(values.flip(0).tolist()):
            for column, value in enumerate(line):
                shown = f"{value:.1f}".replace("-0.0", "0.0").replace("-", "−")
                color = MUTED if shown == "0.0" else BLUE if value > 0 else ORANGE
                strength = min(abs(value) / 4, 1) * 0.85
                x, y = left + 30 * column, 30 + 30 * row
                cell(axes, x, y, 30, 30, shown, color=color, strength=strength, size=8.5)
        for i, value in enumerate(numbers.tolist()):
            shown = f"{value:g}".replace("-", "−")
            axes.text(
                left + 15 + 30 * i, 311, shown, ha="center", va="center", color=MUTED, fontsize=9
            )
            axes.text(
                left - 8, 285 - 30 * i, shown, ha="right", va="center", color=MUTED, fontsize=9
            )
        axes.text(left + 278, 311, "a", ha="left", va="center", color=INK)
        axes.text(left - 8, 22, "b", ha="right", va="center", color=INK)
    return figure


def written(count: int, language: str) -> str:
    """Write a number of parameters as each language does."""
    if language == "en":
        return f"{count / 1e6:.1f} million"
    return f"{count / 1e8:.2f} 亿" if count >= 1e8 else f"{count / 1e4:.0f} 万"


def widths(language: str) -> str:
    """Table the widths of published models."""
    rows = []
    for name, dim, hidden_dim, activation in MODELS:
        matrices = 2 if activation is None else 3
        rows.append(
            [
                name,
                f"{dim:,}",
                f"{hidden_dim:,}",
                f"{hidden_dim / dim:.2f}",
                str(matrices),
                written(matrices * dim * hidden_dim, language),
            ]
        )
    text = table(WORDS[language]["head"], rows)
    return text if language == "en" else text.replace(",", "")


FIGURES = {"gates": gates, "units": units, "widths": widths}
