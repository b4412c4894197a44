"""Figures and tables of the page nn/self_attention."""

import torch

from llm_book.nn.self_attention import attention_weights, causal_mask
from llm_book.publishing.figures import MUTED, ORANGE, box, canvas, cell, table

VECTORS = {  # acts, has fur, happens
    "The": (0, 0, 0),
    "fox": (2, 2, 0),
    "found": (0, 0, 1),
    "jam": (-1, -1, 0),
    "it": (1, 0, 0),
    "grinned": (1, 0, 1),
}
CHINESE = {
    "狐狸": "fox",
    "找到": "found",
    "果酱": "jam",
    "，": "The",
    "它": "it",
    "笑了": "grinned",
}
PRONOUN = 4  # the place of "it" and of 它
CELL, LEFT, TOP = 48, 70, 52
WORDS = {
    "en": {
        "scores": "scores: dot products of the vectors",
        "weights": "weights: softmax of each row",
        "pair": "Scores and attention weights of a six-word sentence, every word with every word",
        "pair_description": (
            "Two tables of six rows and six columns. In the row of the word it, the largest "
            "score, 2, and the largest weight, 0.49, stand under fox. In the row of fox nearly all "
            "weight, 0.99, stands under fox itself."
        ),
        "all": "weights, all visible",
        "past": "weights, the past visible",
        "causal": "Attention weights of a six-word sentence without and with the causal mask",
        "causal_description": (
            "Two tables of six rows and six columns, made with scores divided by the root of 3. "
            "On the right everything above the diagonal is hidden, and the first row gives all of "
            "its weight to the first word. The row of it looks at fox with 0.34 on the left, and "
            "with 0.42 on the right, where grinned is hidden."
        ),
        "head": ["token", "acts", "has fur", "happens", "score with *it*", "$e^{s}$", "weight"],
        "hand": ["token", "score with *it*", "divided by √3", "power of $e$", "weight"],
        "sum": "sum",
        "hidden": "hidden",
    },
    "zh": {
        "scores": "分数：向量两两点积",
        "weights": "权重：每行做 softmax",
        "pair": "六个词元的一句话，词与词之间的分数和注意力权重",
        "pair_description": (
            "两张六行六列的表。“它”那一行，最大的分数 2 和最大的权重 0.49 都在“狐狸”那一列。"
            "“狐狸”那一行，0.99 的权重都给了“狐狸”自己。"
        ),
        "all": "权重：全都看得见",
        "past": "权重：只看得见过去",
        "causal": "同一句话的注意力权重，左边没有掩码，右边有因果掩码",
        "causal_description": (
            "两张六行六列的表，分数都除以根号 3。右边对角线以上全部遮住，第一行的权重全给了第一个词元。"
            "“它”看“狐狸”的权重，左边是 0.34，右边遮住了“笑了”，变成 0.42。"
        ),
        "head": ["词元", "会动", "有毛", "是动作", "分数", "$e^{s}$", "权重"],
        "hand": ["词元", "分数", "除以 √3", "$e$ 的幂", "权重"],
        "sum": "合计",
        "hidden": "看不见",
    },
}


def sentence(language: str) -> tuple[list[str], torch.Tensor]:
    """Return the words of the sentence and their vectors, `(6, 3)`."""
    words = VECTORS if language == "en" else CHINESE
    vectors = [VECTORS[CHINESE.get(word, word)] for word in words]
    return list(words), torch.tensor(vectors, dtype=torch.float32)


def write(number: float, digits: int = 2) -> str:
    """Write a number with a real minus sign."""
    return f"{number:.{digits}f}".replace("-", "−")


def grid(axes, left, tokens, title, numbers, strengths, digits=2) -> None:
    """Draw a table of numbers, one row a query; NaN is hidden."""
    axes.text(left + 3 * CELL, 14, title, ha="center", va="center", fontsize=12)
    for j, token in enumerate(tokens):
        axes.text(left + CELL * (j + 0.5), TOP - 12, token, ha="center", va="center", fontsize=10.5)
        for i in range(len(tokens)):
            x, y = left + CELL * j + 2, TOP + CELL * i + 2
            if numbers[i][j] != numbers[i][j]:
                box(axes, x, y, CELL - 4, CELL - 4, linestyle=":")
                continue
            text = write(numbers[i][j], digits)
            cell(axes, x, y, CELL - 4, CELL - 4, text, strength=float(strengths[i][j]), size=11.5)
    box(axes, left, TOP + CELL * PRONOUN, CELL * 6, CELL, edgecolor=ORANGE, linewidth=2)


def two_grids(language: str, name: str):
    """Start a figure with the names of the rows; return it with its axes and the places."""
    words = WORDS[language]
    figure, axes = canvas(
        690, TOP + 6 * CELL + 6, title=words[name], description=words[f"{name}_description"]
    )
    tokens, x = sentence(language)
    for i, token in enumerate(tokens):
        color = ORANGE if i == PRONOUN else MUTED
        place = (LEFT - 8, TOP + CELL * (i + 0.5))
        axes.text(*place, token, ha="right", va="center", fontsize=11, color=color)
    return figure, axes, tokens, x


def pair(language: str):
    """Draw the scores and, beside them, the weights."""
    figure, axes, tokens, x = two_grids(language, "pair")
    words = WORDS[language]
    scores = x @ x.T
    weights = scores.softmax(-1)
    faint = torch.full((6, 6), 0.06).tolist()
    grid(axes, LEFT, tokens, words["scores"], scores.tolist(), faint, digits=0)
    grid(axes, 398, tokens, words["weights"], weights.tolist(), (0.65 * weights).tolist())
    return figure


def causal(language: str):
    """Draw the weights without and with the mask."""
    figure, axes, tokens, x = two_grids(language, "causal")
    words = WORDS[language]
    mask = causal_mask(torch.arange(6), torch.arange(6))
    for left, title, visible in ((LEFT, "all", None), (398, "past", mask)):
        weights = attention_weights(x, x, visible)
        shown = weights if visible is None else weights.masked_fill(~visible, torch.nan)
        grid(axes, left, tokens, words[title], shown.tolist(), (0.65 * weights).tolist())
    return figure


def row(language: str) -> str:
    """Table the pronoun's row, from the vectors to the weights."""
    words = WORDS[language]
    tokens, x = sentence(language)
    scores = x @ x[PRONOUN]
    rows = [
        [
            token,
            *(write(number, 0) for number in vector),
            write(score, 0),
            write(power),
            write(weight),
        ]
        for token, vector, score, power, weight in zip(
            tokens,
            x.tolist(),
            scores.tolist(),
            scores.exp().tolist(),
            scores.softmax(-1).tolist(),
            strict=True,
        )
    ]
    rows.append([words["sum"], *[""] * 4, write(float(scores.exp().sum())), "1"])
    return table(words["head"], rows)


def hand(language: str) -> str:
    """Table the pronoun's row once more, with the scale and the mask."""
    words = WORDS[language]
    tokens, x = sentence(language)
    scores = x @ x[PRONOUN]
    scaled = scores / 3**0.5
    powers = scaled[: PRONOUN + 1].exp()
    rows = []
    for i, token in enumerate(tokens):
        start = [token, write(scores[i], 0), write(scaled[i], 3)]
        if i > PRONOUN:
            rows.append([*start, words["hidden"], "0"])
        else:
            rows.append([*start, write(powers[i], 3), write(powers[i] / powers.sum(), 3)])
    rows.append([words["sum"], "", "", write(powers.sum(), 3), "1"])
    return table(words["hand"], rows)


FIGURES = {"pair": pair, "causal": causal, "row": row, "hand": hand}
