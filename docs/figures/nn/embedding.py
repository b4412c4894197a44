"""Figures and tables of the page nn/embedding."""

import torch

from llm_book.nn.embedding import TokenPositionEmbedding
from llm_book.publishing.figures import (
    BLUE,
    GREEN,
    MUTED,
    ORANGE,
    PURPLE,
    box,
    canvas,
    cell,
    results,
    table,
)

# The vocabulary and the sentence of each language; the second word occurs twice.
TEXTS = {
    "en": (["a", "fox", "hare", "met", "old", "the"], ["the", "fox", "met", "a", "fox"]),
    "zh": (["大", "狐狸", "见到", "路", "小", "兔子"], ["大", "狐狸", "见到", "小", "狐狸"]),
}
WORDS = {
    "en": {
        "sum": "Token rows plus position rows give vectors",
        "sum_description": (
            "Three tables of five rows and four columns. The rows for fox are equal in the "
            "first table, the rows of the second table all differ, and so the two rows for fox "
            "differ in the third."
        ),
        "tokens": "rows of the tokens",
        "positions": "rows of the positions",
        "vectors": "vectors",
        "one_hot": "One-hot rows times the table give the rows of the table",
        "one_hot_description": (
            "On the left, five rows of six numbers, each with a single 1 in the column of its "
            "token. In the middle, the table with a row for each of six tokens. On the right, "
            "the product: five rows, each a copy of one row of the table."
        ),
        "hot": "one-hot rows",
        "weight": "the table",
        "product": "their product",
        "likeness": "How alike the rows of 22 tokens are, before and after training",
        "likeness_description": (
            "A square of cosines between tokens. Above the diagonal, before training, there is "
            "no pattern. Below it, after training, names resemble names, numbers numbers, "
            "colors colors, relatives relatives, things things, and he resembles she."
        ),
        "before": "before training",
        "after": "after training",
    },
    "zh": {
        "sum": "词元的行加上位置的行，得到向量",
        "sum_description": (
            "三张五行四列的表。第一张里两行“狐狸”相同，第二张各行都不同，"
            "于是第三张里两行“狐狸”不再相同。"
        ),
        "tokens": "词元的行",
        "positions": "位置的行",
        "vectors": "向量",
        "one_hot": "独热行乘以表，得到表里的行",
        "one_hot_description": (
            "左边五行，每行六个数，只有词元所在的那一列是 1。中间是表，六个词元各占一行。"
            "右边是乘积，五行都是从表里照抄来的。"
        ),
        "hot": "独热行",
        "weight": "表",
        "product": "乘积",
        "likeness": "22 个词元的行有多像，训练前和训练后",
        "likeness_description": (
            "词元两两之间的余弦，排成方阵。对角线上方是训练前，看不出规律。下方是训练后："
            "人名像人名，数字像数字，颜色像颜色，亲人像亲人，东西像东西，他像她。"
        ),
        "before": "训练前",
        "after": "训练后",
    },
}


def small_embedding(language: str):
    """Return the tokens as text and as ids, and an embedding of random rows."""
    vocabulary, words = TEXTS[language]
    torch.manual_seed(2)
    embedding = TokenPositionEmbedding(len(vocabulary), len(words), 4)
    for part in (embedding.token, embedding.position):
        part.weight.data = part.weight.data.clamp(-2, 2).mul(10).round() / 10 + 0.0
    return words, torch.tensor([[vocabulary.index(word) for word in words]]), embedding


def matrix(axes, x: float, y: float, rows: list[list[float]], size: float, color: str) -> None:
    """Draw a matrix whose cells show their numbers."""
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            label = f"{value:.1f}".replace("-", "−")
            strength = round(min(abs(value), 2.5) / 5, 2)
            place = (x + size * j, y + 30 * i)
            cell(axes, *place, size, 30, label, color=color, strength=strength, size=9.5)


def labels(axes, x: float, y: float, words: list[str]) -> None:
    """Write a word at the left of each row, in bold if it occurs twice."""
    for i, word in enumerate(words):
        weight = "bold" if words.count(word) > 1 else "normal"
        axes.text(x, y + 30 * i + 15, word, ha="right", va="center", fontweight=weight)


def sign(axes, x: float, y: float, text: str) -> None:
    """Write a sign between two matrices."""
    axes.text(x, y, text, ha="center", va="center", fontsize=16, color=MUTED)


def head(axes, x: float, text: str) -> None:
    """Write what a matrix is above it."""
    axes.text(x, 16, text, ha="center", va="center", fontsize=11, color=MUTED)


def sum_of_rows(language: str):
    """Draw the rows of five tokens, those of their positions, and the sums."""
    words = WORDS[language]
    figure, axes = canvas(670, 194, title=words["sum"], description=words["sum_description"])
    text, tokens, embedding = small_embedding(language)
    with torch.no_grad():
        token, position = embedding.token(tokens)[0], embedding.position.weight
        vectors = embedding(tokens, torch.arange(len(text)))[0]
    labels(axes, 62, 32, text)
    labels(axes, 290, 32, [str(i) for i in range(len(text))])
    for x, name, rows, color in (
        (70, "tokens", token, BLUE),
        (296, "positions", position, ORANGE),
        (506, "vectors", vectors, GREEN),
    ):
        head(axes, x + 78, words[name])
        matrix(axes, x, 32, rows.tolist(), 39, color)
    sign(axes, 254, 107, "+")
    sign(axes, 479, 107, "=")
    return figure


def one_hot(language: str):
    """Draw one-hot rows, the table, and their product."""
    words = WORDS[language]
    figure, axes = canvas(
        690, 224, title=words["one_hot"], description=words["one_hot_description"]
    )
    vocabulary, _ = TEXTS[language]
    text, tokens, embedding = small_embedding(language)
    one_hot_rows = torch.nn.functional.one_hot(tokens[0], len(vocabulary))
    head(axes, 52 + 78, words["hot"])
    labels(axes, 46, 32, text)
    for i, row in enumerate(one_hot_rows.tolist()):
        for j, value in enumerate(row):
            style = {"color": BLUE if value else MUTED, "strength": 0.35 if value else 0.0}
            cell(axes, 52 + 26 * j, 32 + 30 * i, 26, 30, str(value), size=9.5, **style)
    sign(axes, 226, 107, "@")
    head(axes, 294 + 78, words["weight"])
    labels(axes, 288, 32, vocabulary)
    with torch.no_grad():
        matrix(axes, 294, 32, embedding.token.weight.tolist(), 39, BLUE)
        sign(axes, 472, 107, "=")
        head(axes, 496 + 78, words["product"])
        product = one_hot_rows.float() @ embedding.token.weight
        matrix(axes, 496, 32, product.tolist(), 39, BLUE)
    labels(axes, 686, 32, text)
    return figure


def likeness(language: str):
    """Draw the cosines of rows: above the diagonal before training, below it after."""
    words = WORDS[language]
    measured = results("nn/embedding")["results"]["likeness"][language]
    tokens = [token.replace(" ", "␣") for group in measured["groups"] for token in group]
    size, left, top = 21, 84, 26
    width = size * len(tokens)
    figure, axes = canvas(
        left + width + 8,
        top + width + 30,
        title=words["likeness"],
        description=words["likeness_description"],
    )
    for i, token in enumerate(tokens):
        y = top + size * i
        axes.text(left - 6, y + size / 2, token, ha="right", va="center", fontsize=10.5)
        for j in range(len(tokens)):
            if i == j:
                continue
            value = measured["before" if j > i else "after"][i][j]
            color = BLUE if value > 0 else ORANGE
            if abs(value) >= 0.05:
                place = (left + size * j, y, size, size)
                box(axes, *place, facecolor=color, alpha=round(abs(value), 1), edgecolor="none")
    start = 0
    for group in measured["groups"]:
        place = (left + size * start, top + size * start, size * len(group), size * len(group))
        box(axes, *place, edgecolor=PURPLE, linewidth=1.5)
        start += len(group)
    box(axes, left, top, width, width)
    end = left + width
    axes.text(end, top - 12, words["before"], ha="right", va="center", color=MUTED)
    axes.text(left, top + width + 16, words["after"], va="center", color=MUTED)
    return figure


def speed(language: str) -> str:
    """Compare a lookup with the product, for several vocabularies."""
    rows = []
    for entry in results("nn/embedding")["results"]["speed"]:
        numbers = [
            f"{1000 * entry[name]:,.2f}"
            for name in ("lookup_forward", "one_hot_forward", "lookup_gradient", "one_hot_gradient")
        ]
        rows.append([f"{entry['vocab_size']:,}", *numbers])
    if language == "en":
        first = ["$V$", "lookup", "product", "lookup, with gradient", "product, with gradient"]
    else:
        first = ["$V$", "查表", "乘法", "查表，含梯度", "乘法，含梯度"]
    return table(first, rows)


def ratio(language: str) -> str:
    """Say what the table means at GPT-2's vocabulary."""
    entry = results("nn/embedding")
    measured, machine = entry["results"], entry["machine"]
    small, large = measured["speed"][0], measured["speed"][-1]
    forward = large["one_hot_forward"] / large["lookup_forward"]
    gradient = large["lookup_gradient"] / small["lookup_gradient"]
    megabytes = 4 * measured["tokens"] * large["vocab_size"] / 1e6
    rows = large["vocab_size"]
    if language == "en":
        return (
            f"These are milliseconds for {measured['tokens']:,} tokens of width "
            f"{measured['dim']} on {machine['cores']} cores of a processor. At GPT-2's "
            f"vocabulary of {rows:,}, the product takes {forward:,.0f} times as long as the "
            f"lookup, and its one-hot rows alone take {megabytes:,.0f} MB. A lookup copies as "
            "many rows whatever the vocabulary. Its gradient is not so lucky: lookup and gradient "
            f"together take {gradient:,.0f} times as long at {rows:,} rows as at "
            f"{small['vocab_size']:,}, because the gradient is a full table, nearly all of it zeros."
        )
    return (
        f"单位是毫秒，词元 {measured['tokens']} 个，宽度 {measured['dim']}，处理器 {machine['cores']} 核。"
        f"词表取 GPT-2 的 {rows} 时，乘法用的时间是查表的 {forward:.0f} 倍，光是独热行就要 {megabytes:.0f} MB。"
        f"词表再大，查表要抄的行数也不变。求梯度就没这么轻松了：连查表带梯度，{rows} 行用的时间是 "
        f"{small['vocab_size']} 行的 {gradient:.0f} 倍，因为梯度是和表一样大的一张表，虽说里面几乎全是 0。"
    )


FIGURES = {
    "sum": sum_of_rows,
    "one_hot": one_hot,
    "likeness": likeness,
    "speed": speed,
    "ratio": ratio,
}
