"""The picture of the home page and of the README: from a sentence to the next token."""

from llm_book.publishing.figures import (
    BLUE,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    PAPER,
    PURPLE,
    RED,
    arrow,
    box,
    canvas,
    cell,
)

WORDS = {
    "en": {
        "title": "How a language model continues a sentence",
        "description": (
            "The sentence is cut into tokens, each token becomes a number and then a row of "
            "numbers; a stack of blocks mixes the rows; the last row becomes a probability for "
            "every token of the vocabulary; one is drawn, appended, and the round begins again."
        ),
        "pieces": ["The", " fox", " found", " a"],
        "ids": ["464", "21831", "1043", "257"],
        "stages": ["text", "tokens", "ids", "embeddings", "blocks", "probabilities"],
        "pages": ["", "chapter 2", "", "", "chapters 3, 4", "chapter 4"],
        "blocks": ["attention", "feed-forward"],
        "next": [" lantern", " friend", " way", " river"],
        "loop": "draw one, append it, go round again",
        "times": "× 12",
    },
    "zh": {
        "title": "语言模型怎样续写一句话",
        "description": (
            "句子先切成词元，每个词元变成一个编号，再变成一行数；一摞 Transformer 块反复混合这些行；"
            "最后一行变成词表中每个词元的概率；抽出一个接在后面，再来一轮。"
        ),
        "pieces": ["狐狸", "找到", "了", "一"],
        "ids": ["812", "1507", "306", "289"],
        "stages": ["文本", "词元", "编号", "嵌入", "Transformer 块", "概率"],
        "pages": ["", "第 2 章", "", "", "第 3、4 章", "第 4 章"],
        "blocks": ["注意力", "前馈网络"],
        "next": ["盏灯", "个朋友", "条路", "条河"],
        "loop": "抽一个，接在后面，再来一轮",
        "times": "× 12",
    },
}
COLORS = [BLUE, ORANGE, GREEN, PURPLE]
ROWS = [78, 122, 166, 210]
HEIGHT = 32
# The strength of each number of the four embeddings, and the four probabilities: a drawing, not a
# measurement.
EMBEDDINGS = [
    [0.8, 0.2, 0.5, 0.1, 0.6],
    [0.1, 0.7, 0.3, 0.9, 0.2],
    [0.5, 0.4, 0.1, 0.3, 0.8],
    [0.2, 0.6, 0.9, 0.4, 0.1],
]
PROBABILITIES = [0.46, 0.27, 0.16, 0.08]


def pipeline(language: str):
    """Draw the whole way of a sentence through a model."""
    words = WORDS[language]
    figure, axes = canvas(760, 330, title=words["title"], description=words["description"])
    columns = [62, 175, 265, 387, 526, 665]
    for x, stage, page in zip(columns, words["stages"], words["pages"], strict=True):
        axes.text(x, 26, stage, ha="center", va="center", fontsize=13, fontweight="bold")
        axes.text(x, 46, page, ha="center", va="center", fontsize=10, color=MUTED)

    text = "".join(words["pieces"]) + " …"
    box(axes, 8, 120, 108, 50)
    axes.text(62, 145, text, ha="center", va="center", fontsize=11.5)
    arrow(axes, (118, 145), (134, 145))

    rows = zip(ROWS, words["pieces"], words["ids"], COLORS, EMBEDDINGS, strict=True)
    for y, piece, number, color, embedding in rows:
        cell(axes, 138, y, 74, HEIGHT, piece.replace(" ", "␣"), color=color, size=12)
        arrow(axes, (216, y + 16), (234, y + 16))
        axes.text(265, y + 16, number, ha="center", va="center", fontsize=12, color=color)
        arrow(axes, (296, y + 16), (318, y + 16))
        for place, strength in enumerate(embedding):
            cell(axes, 324 + 25 * place, y + 3.5, 25, 25, color=color, strength=strength)
        arrow(axes, (452, y + 16), (468, y + 16))

    for layer in (2, 1, 0):
        x, y = 472 + 7 * layer, 74 + 7 * layer
        axes_fill = {"facecolor": PAPER, "zorder": 3 - layer}
        box(axes, x, y, 100, 164 - 7 * layer, **axes_fill)
    for y, block, color in zip((88, 164), words["blocks"], (RED, BLUE), strict=True):
        cell(axes, 480, y, 84, 56, "", color=color, strength=0.14)
        axes.text(522, y + 28, block, ha="center", va="center", fontsize=12, zorder=9)
    for patch in axes.patches[-4:]:
        patch.set_zorder(8)
    axes.text(526, 262, words["times"], ha="center", va="center", fontsize=12, color=MUTED)
    arrow(axes, (590, 156), (612, 156))

    for y, token, share in zip(ROWS, words["next"], PROBABILITIES, strict=True):
        box(axes, 620, y + 4, 130 * share / 0.46, 24, facecolor=GREEN, alpha=0.3, edgecolor="none")
        axes.text(626, y + 16, token.replace(" ", "␣"), ha="left", va="center", fontsize=12)

    axes.plot([685, 685, 62, 62], [250, 292, 292, 186], color=INK, linewidth=1.2)
    arrow(axes, (62, 190), (62, 172), color=INK, linewidth=1.2)
    axes.text(372, 310, words["loop"], ha="center", va="center", fontsize=12)
    return figure


def readme(language: str):
    """Draw the same on paper of its own, for readers whose page may be dark."""
    figure = pipeline(language)
    axes = figure.axes[0]
    box(axes, 0, 0, 760, 330, facecolor=PAPER, edgecolor="none", zorder=0)
    return figure


FIGURES = {"pipeline": pipeline, "readme": readme}
