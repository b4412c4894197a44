"""Figures of the page nn/layer_norm."""

import torch

from llm_book.nn.layer_norm import LayerNorm
from llm_book.publishing.figures import BLUE, GRAY, MUTED, ORANGE, RED, arrow, canvas, cell

TOKEN = [2.0, 4.0, 9.0]
WORDS = {
    "en": {
        "title": "Layer normalization of the token (2, 4, 9) in three steps",
        "description": (
            "Three bars 2, 4, and 9 become -3, -1, and 4 when the mean 5 is taken off, and -1.02, "
            "-0.34, and 1.36 when they are divided by the standard deviation 2.94."
        ),
        "steps": ["the token", "minus its mean 5", "divided by 2.94"],
        "deep": "The size of the numbers, layer by layer, without and with normalization",
        "deep_description": (
            "Without normalization the standard deviation falls to 1e-10 or climbs to 1e7 in sixty "
            "layers, by the scale of the weights. With it, both stay between 0.1 and 10."
        ),
        "layer": "layer",
        "std": "standard deviation",
        "plain": "weights × {}",
    },
    "zh": {
        "title": "词元 (2, 4, 9) 的层归一化，分三步",
        "description": (
            "三根柱子 2、4、9，减去平均数 5，变成 -3、-1、4，再除以标准差 2.94，变成 -1.02、-0.34、1.36。"
        ),
        "steps": ["原来的词元", "减去平均数 5", "除以 2.94"],
        "deep": "一层层下去，数有多大：归一化之前与之后",
        "deep_description": (
            "不做归一化，六十层之后，标准差视权重大小不同，要么小到一百亿分之一，要么大到千万。做了归一化，"
            "两种都在 0.1 和 10 之间。"
        ),
        "layer": "层",
        "std": "标准差",
        "plain": "权重 × {}",
    },
}


def steps(language: str):
    """Draw the three steps as bars."""
    words = WORDS[language]
    figure, axes = canvas(690, 230, title=words["title"], description=words["description"])
    x = torch.tensor(TOKEN)
    centered = x - x.mean()
    stages = [x, centered, LayerNorm(3)(x).detach()]
    colors = (GRAY, ORANGE, BLUE)
    for i, (numbers, label, color) in enumerate(zip(stages, words["steps"], colors, strict=True)):
        left, unit = 30 + 235 * i, (14 if i < 2 else 30)
        axes.text(left + 75, 16, label, ha="center", va="center", fontsize=12)
        axes.plot([left, left + 150], [160, 160], color=MUTED, linewidth=1)
        for place, number in enumerate(numbers.tolist()):
            height = abs(number) * unit
            top = 160 - height if number > 0 else 160
            cell(axes, left + 12 + 46 * place, top, 36, height, color=color, strength=0.3)
            label_y = top - 9 if number > 0 else top + height + 10
            text = f"{number:g}" if i < 2 else f"{number:.2f}"
            axes.text(left + 30 + 46 * place, label_y, text, ha="center", va="center", fontsize=11)
        if i < 2:
            arrow(axes, (left + 168, 120), (left + 218, 120))
    return figure


def sizes(scale: float, norm) -> list[float]:
    """Return the standard deviation after each of sixty layers with random weights."""
    torch.manual_seed(0)
    x, found = torch.randn(1, 64), []
    for _ in range(60):
        x = torch.relu(norm(x) @ torch.randn(64, 64) * scale)
        found.append(x.std().item())
    return found


def deep(language: str):
    """Plot the sizes of sixty layers, without normalization and with it."""
    words = WORDS[language]
    figure, axes = canvas(
        640, 310, title=words["deep"], description=words["deep_description"], plot=True
    )
    norm = LayerNorm(64)
    for scale, color in ((0.12, BLUE), (0.24, RED)):
        with torch.no_grad():
            axes.plot(sizes(scale, lambda x: x), color=color, label=words["plain"].format(scale))
            label = f"{words['plain'].format(scale)}, LayerNorm"
            axes.plot(sizes(scale, norm), "--", color=color, label=label)
    axes.set(yscale="log", xlabel=words["layer"], ylabel=words["std"])
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0e}")
    axes.grid()
    axes.legend(fontsize=10)
    return figure


FIGURES = {"steps": steps, "deep": deep}
