"""Figures of the page generation/sampling."""

import torch

from llm_book.publishing.figures import BLUE, MUTED, ORANGE, box, canvas, cell

COUNTS = torch.tensor([40.0, 20, 10, 10, 8, 6, 4, 2])
TEMPERATURES = (0.5, 1.0, 2.0)
TOKENS = {
    "en": ["jar", "nest", "coin", "key", "pie", "map", "cloud", "Tuesday"],
    "zh": ["罐", "窝", "枚", "把", "块", "张", "朵", "旦"],
}
WORDS = {
    "en": {
        "temperatures": "Eight tokens after “The fox found a”, at three temperatures",
        "temperatures_description": (
            "Three groups of eight bars. At temperature 0.5 the first bar has 0.69 and the last "
            "is not visible; at 1 they have 0.40 and 0.02; at 2, 0.25 and 0.05."
        ),
        "temperature": "temperature {:g}",
        "cuts": "The same eight tokens cut by top-k and top-p at three temperatures",
        "cuts_description": (
            "Two rows of three groups. Top-k with 3 keeps three tokens at each temperature. "
            "Top-p with 0.65 keeps one at temperature 0.5, three at 1, and four at 2."
        ),
    },
    "zh": {
        "temperatures": "“狐狸找到了一”后面的八个词元，三种温度",
        "temperatures_description": (
            "三组柱子，每组八根。温度 0.5 时，第一根是 0.69，最后一根看不见；温度 1 时是 0.40 和 0.02；"
            "温度 2 时是 0.25 和 0.05。"
        ),
        "temperature": "温度 {:g}",
        "cuts": "同样八个词元，在三种温度下用 top-k 和 top-p 来截",
        "cuts_description": (
            "两排，每排三组。top-k 取 3，什么温度都留三个。top-p 取 0.65，温度 0.5 留一个，"
            "温度 1 留三个，温度 2 留四个。"
        ),
    },
}
WIDTH = 27.0  # of a bar and its gap


def probabilities(temperature: float) -> torch.Tensor:
    """Return the probabilities of the eight tokens."""
    return (COUNTS.log() / temperature).softmax(-1)


def number(value: float) -> str:
    """Write a probability short."""
    return f"{value:.2f}".removeprefix("0") if value < 0.995 else "1"


def tokens(axes, left: float, y: float, language: str) -> None:
    """Write the tokens below their bars: English upright, to save width."""
    style = {"rotation": 90, "va": "top"} if language == "en" else {"va": "top"}
    for i, token in enumerate(TOKENS[language]):
        axes.text(left + WIDTH * (i + 0.5), y + 5, token, ha="center", fontsize=11, **style)


def temperatures(language: str):
    """Draw the distribution at three temperatures."""
    words, bottom = WORDS[language], 200
    height = bottom + (66 if language == "en" else 28)
    title, description = words["temperatures"], words["temperatures_description"]
    figure, axes = canvas(690, height, title=title, description=description)
    for group, temperature in enumerate(TEMPERATURES):
        left = 8 + 230 * group
        label = words["temperature"].format(temperature)
        axes.text(left + 4 * WIDTH, 14, label, ha="center", va="center", fontsize=12)
        axes.plot([left, left + 8 * WIDTH], [bottom, bottom], color=MUTED, linewidth=1)
        for i, share in enumerate(probabilities(temperature).tolist()):
            x, tall = left + WIDTH * i, 220 * share
            cell(axes, x + 3, bottom - tall, WIDTH - 6, tall, strength=0.35)
            place = (x + WIDTH / 2, bottom - tall - 8)
            axes.text(*place, number(share), ha="center", va="center", fontsize=9.5)
        tokens(axes, left, bottom, language)
    return figure


def cuts(language: str):
    """Draw what top-k and top-p leave at each temperature, and what was there before."""
    words = WORDS[language]
    height = 440 if language == "en" else 400
    figure, axes = canvas(690, height, title=words["cuts"], description=words["cuts_description"])
    for row, (name, color) in enumerate((("top_k = 3", BLUE), ("top_p = 0.65", ORANGE))):
        bottom = 180 + 190 * row
        for group, temperature in enumerate(TEMPERATURES):
            left = 8 + 230 * group
            label = f"{name}, {words['temperature'].format(temperature)}"
            if language == "zh":
                label = label.replace(", ", "，")
            axes.text(left + 4 * WIDTH, bottom - 160, label, ha="center", va="center")
            axes.plot([left, left + 8 * WIDTH], [bottom, bottom], color=MUTED, linewidth=1)
            before = probabilities(temperature)
            kept = torch.arange(8) < 3 if row == 0 else before.cumsum(0) - before < 0.65
            after = torch.where(kept, before, 0.0)
            after /= after.sum()
            for i, (old, new) in enumerate(zip(before.tolist(), after.tolist(), strict=True)):
                x = left + WIDTH * i + 3
                if new:
                    cell(axes, x, bottom - 130 * new, WIDTH - 6, 130 * new, color=color,
                         strength=0.35)  # fmt: skip
                    place = (x + WIDTH / 2 - 3, bottom - 130 * new - 8)
                    axes.text(*place, number(new), ha="center", va="center", fontsize=9.5)
                else:
                    tall = 130 * old
                    box(axes, x, bottom - tall, WIDTH - 6, tall, linestyle=":")
            if row == 1:
                tokens(axes, left, bottom, language)
    return figure


FIGURES = {"temperatures": temperatures, "cuts": cuts}
