"""Figures and tables of the page training/loss."""

import math
from collections import Counter
from functools import cache

from llm_book.data.stories import StoryGrammar
from llm_book.publishing.figures import BLUE, GREEN, INK, MUTED, ORANGE, box, canvas, cell

COUNTS = [40, 20, 10, 10, 8, 6, 4, 2]
TARGET = 2
TOKENS = {
    "en": ["jar", "nest", "coin", "key", "pie", "map", "cloud", "Tuesday"],
    "zh": ["罐", "窝", "枚", "把", "块", "张", "朵", "旦"],
}
WORDS = {
    "en": {
        "row": "A row of logits, its probabilities, and its surprises",
        "row_description": (
            "Eight tokens that may follow “The fox found a”. Their logits fall from 3.69 for jar to "
            "0.69 for Tuesday, their probabilities from 0.40 to 0.02. The surprise, minus the "
            "logarithm of the probability, climbs from 0.92 to 3.91 nats."
        ),
        "logit": "logit",
        "probability": "probability",
        "surprise": "surprise, nats",
        "push": "How each logit is pushed if the next token is coin",
        "push_description": (
            "Eight bars. The logit of coin is pushed up by 0.90, one minus its probability. Every "
            "other is pushed down by its own probability: jar by 0.40, Tuesday by 0.02."
        ),
        "target": "the target",
        "rulers": "The same models in nats per character and in bits per byte",
        "rulers_description": (
            "Two plots of the loss of models that count, against the number of characters they look "
            "back. In nats per character the Chinese curve starts and ends above the English one, "
            "and its floor is three times as high. In bits per byte the two floors coincide."
        ),
        "nats": "nats per character",
        "bits": "bits per byte",
        "seen": "characters looked at",
        "floor": "floors",
        "en": "English",
        "zh": "Chinese",
    },
    "zh": {
        "row": "一行 logits，算成概率，再算成意外",
        "row_description": (
            "“狐狸找到了一”后面可能接的八个词元。logit 从“罐”的 3.69 降到“旦”的 0.69，概率从 0.40 降到 0.02；"
            "意外，也就是概率的对数取负，从 0.92 奈特升到 3.91。"
        ),
        "logit": "logit",
        "probability": "概率",
        "surprise": "意外（奈特）",
        "push": "下一个词元是“枚”，各个 logit 往哪边推",
        "push_description": (
            "八根柱子。“枚”的 logit 往上推 0.90，也就是 1 减去它的概率；别的都往下推，推多少就是各自的概率，"
            "“罐”是 0.40，“旦”是 0.02。"
        ),
        "target": "正确答案",
        "rulers": "同样的模型，按每字符奈特和每字节比特各量一遍",
        "rulers_description": (
            "两幅图，横轴是往回看几个字符，纵轴是靠计数的模型的损失。按每字符奈特，中文的曲线起点和终点都比英文高，"
            "下限是英文的三倍；按每字节比特，两条下限重合。"
        ),
        "nats": "每字符奈特",
        "bits": "每字节比特",
        "seen": "往回看几个字符",
        "floor": "下限",
        "en": "英文",
        "zh": "中文",
    },
}


def row(language: str):
    """Draw the way from logits to surprises."""
    words, left, step, width = WORDS[language], 124, 70, 62
    figure, axes = canvas(690, 330, title=words["row"], description=words["row_description"])
    rows = {"logit": 56, "probability": 155, "surprise": 310}  # where the bars stand
    for name, y in rows.items():
        axes.text(left - 16, y - 12, words[name], ha="right", va="center", color=MUTED)
    for i, (token, count) in enumerate(zip(TOKENS[language], COUNTS, strict=True)):
        x, p = left + step * i, count / sum(COUNTS)
        axes.text(x + width / 2, 14, token, ha="center", va="center", fontsize=12)
        cell(axes, x, 30, width, 26, f"{math.log(count):.2f}", color=MUTED)
        for name, value, height, color in (
            ("probability", p, 140 * p, BLUE),
            ("surprise", -math.log(p), -28 * math.log(p), ORANGE),
        ):
            y = rows[name]
            style = {"facecolor": color, "alpha": 0.35, "edgecolor": "none"}
            box(axes, x + 8, y - height, width - 16, height, **style)
            box(axes, x + 8, y - height, width - 16, height, edgecolor=color)
            axes.text(x + width / 2, y - height - 9, f"{value:.2f}", ha="center", va="center")
    for y in (rows["probability"], rows["surprise"]):
        axes.plot([left, left + 8 * step], [y, y], color=MUTED, linewidth=1)
    return figure


def push(language: str):
    """Draw minus the gradient: where each logit is to go."""
    words, left, step, width, zero = WORDS[language], 20, 82, 56, 150
    figure, axes = canvas(690, 240, title=words["push"], description=words["push_description"])
    axes.plot([left, left + 8 * step], [zero, zero], color=MUTED, linewidth=1)
    for i, (token, count) in enumerate(zip(TOKENS[language], COUNTS, strict=True)):
        x, change = left + step * i + 12, (i == TARGET) - count / sum(COUNTS)
        color, up = (GREEN, 1) if change > 0 else (ORANGE, -1)
        top = min(zero, zero - 120 * change)
        style = {"facecolor": color, "alpha": 0.35, "edgecolor": "none"}
        box(axes, x, top, width, 120 * abs(change), **style)
        box(axes, x, top, width, 120 * abs(change), edgecolor=color)
        number = f"{change:+.2f}".replace("-", "−")
        axes.text(x + width / 2, zero - 120 * change - 10 * up, number, ha="center", va="center")
        name = f"{token}" if i != TARGET else f"{token} ({words['target']})"
        name = name.replace(" (", "（").replace(")", "）") if language == "zh" else name
        axes.text(
            x + width / 2, zero + (12 if up > 0 else -12), name, ha="center", va="center", color=INK
        )
    return figure


@cache
def ladder(language: str, n_most: int = 6) -> tuple[list[float], int, int]:
    """Return nats on ten stories of models that count, with 0 to `n_most` characters seen."""
    grammar = StoryGrammar(language)
    texts = ["\n" * n_most + story for story in grammar.sample(120)]
    seen, followed = Counter(), Counter()
    for text in texts[10:]:
        for i in range(n_most, len(text)):
            for n in range(n_most + 1):
                seen[text[i - n : i]] += 1
                followed[text[i - n : i + 1]] += 1
    alphabet = len(set("".join(texts)))
    nats = [0.0] * (n_most + 1)
    for text in texts[:10]:
        for i in range(n_most, len(text)):
            p = 1 / alphabet
            for n in range(n_most + 1):  # what is counted, mixed with what is seen of less
                p = (followed[text[i - n : i + 1]] + p) / (seen[text[i - n : i]] + 1)
                nats[n] -= math.log(p)
    stories = [text[n_most:] for text in texts[:10]]
    return nats, sum(map(len, stories)), sum(len(story.encode()) for story in stories)


def rulers(language: str):
    """Plot the losses of both languages on two rulers."""
    words = WORDS[language]
    figure, axes = canvas(
        690, 300, title=words["rulers"], description=words["rulers_description"], plot=True
    )
    axes.remove()
    for axes, unit in zip(figure.subplots(1, 2), ("nats", "bits"), strict=True):
        for name, color, style in (("en", BLUE, "-o"), ("zh", ORANGE, "-s")):
            nats, n_characters, n_bytes = ladder(name)
            size = n_characters if unit == "nats" else n_bytes * math.log(2)
            axes.plot([loss / size for loss in nats], style, color=color, markersize=4)
            place = (0, nats[0] / size)
            axes.annotate(words[name], place, (8, 4), textcoords="offset points")
            axes.axhline(floor(name)[unit], color=color, linestyle=":", linewidth=1.5)
        high = max(floor("en")[unit], floor("zh")[unit])
        axes.annotate(words["floor"], (5.2, high), (0, 4), textcoords="offset points", color=MUTED)
        axes.set(xlabel=words["seen"], ylabel=words[unit], ylim=(0, None))
        axes.grid()
    return figure


def floor(language: str) -> dict[str, float]:
    """Return the floor of the stories in both units; a Chinese character takes three bytes."""
    grammar = StoryGrammar(language)
    [story] = grammar.sample(1)
    n_bytes = len(story.encode()) / len(story)
    nats = grammar.entropy_per_character()
    return {"nats": nats, "bits": nats / n_bytes / math.log(2)}


def ladder_text(language: str) -> str:
    """Say what the rulers show."""
    best = {}
    for name in ("en", "zh"):
        nats, _, n_bytes = ladder(name)
        bits = [loss / n_bytes / math.log(2) for loss in nats]
        best[name] = (min(bits), bits.index(min(bits)))
    floors = {name: floor(name) for name in ("en", "zh")}
    ratio = floors["zh"]["nats"] / floors["en"]["nats"]
    (en, en_at), (zh, zh_at) = best["en"], best["zh"]
    if language == "en":
        return (
            f"The floors lie at {floors['en']['nats']:.3f} and {floors['zh']['nats']:.3f} nats per "
            f"character, a factor of {ratio:.2f}, and at {floors['en']['bits']:.3f} and "
            f"{floors['zh']['bits']:.3f} bits per byte. The best English counter looks back "
            f"{en_at} characters and reaches {en:.2f} bits per byte, the best Chinese one "
            f"{zh_at} and {zh:.2f}."
        )
    return (
        f"按每字符奈特，两条下限是 {floors['en']['nats']:.3f} 和 {floors['zh']['nats']:.3f}，差 {ratio:.2f} 倍；"
        f"按每字节比特，是 {floors['en']['bits']:.3f} 和 {floors['zh']['bits']:.3f}。英文往回看 {en_at} 个字符最好，"
        f"{en:.2f} 比特；中文看 {zh_at} 个最好，{zh:.2f} 比特。"
    )


FIGURES = {"row": row, "push": push, "rulers": rulers, "ladder": ladder_text}
