"""Figures of the page nn/multi_head_attention."""

import torch

from llm_book.nn.multi_head_attention import MultiHeadAttention
from llm_book.nn.self_attention import attention_weights, causal_mask
from llm_book.publishing.figures import BLUE, GREEN, MUTED, ORANGE, arrow, box, canvas, cell

VECTORS = {  # acts, has fur, happens, is sweet
    "The": (0, 0, 0, 0),
    "fox": (2, 2, 0, 0),
    "found": (0, 0, 1, 0),
    "jam": (-1, -1, 0, 2),
    "it": (1, 0, 0, 0),
    "grinned": (1, 0, 1, 0),
}
CHINESE = {
    "狐狸": "fox",
    "找到": "found",
    "果酱": "jam",
    "，": "The",
    "它": "it",
    "笑了": "grinned",
}
T, C, H, D = 6, 12, 3, 4  # sizes of the drawn layer
COLORS = (BLUE, ORANGE, GREEN)
WORDS = {
    "en": {
        "questions": "Two heads of one token: grinned asks who, and about what",
        "questions_description": (
            "Two rows of six attention weights. The first head gives 0.49 to fox, the second 0.60 "
            "to jam. Beside each row stand the two numbers that the head mixes, and below, all "
            "four joined."
        ),
        "heads": ("who?", "about what?"),
        "numbers": ("acts", "has fur", "is sweet", "happens"),
        "joined": "what grinned knows afterwards",
        "shapes": "Queries split into three heads, attention in each, results joined",
        "shapes_description": (
            "A table of six tokens and twelve columns in three colors becomes three tables of six "
            "by four. Each gives a triangle of six by six weights, then a table of six by four "
            "mixed values. Side by side these make a table of six by twelve again."
        ),
        "steps": ("queries", "split", "weights", "mixed values", "joined"),
        "head": "head",
        "also": "keys and values are split in the same way",
    },
    "zh": {
        "questions": "一个词元，两个头：“笑了”既问谁在笑，又问笑什么",
        "questions_description": (
            "两行注意力权重，每行六个。第一个头把 0.49 给了“狐狸”，第二个头把 0.60 给了“果酱”。"
            "每行右边是这个头混出来的两个数，最下面把四个数拼在一起。"
        ),
        "heads": ("谁在笑？", "笑什么？"),
        "numbers": ("会动", "有毛", "是甜的", "是动作"),
        "joined": "“笑了”现在知道的",
        "shapes": "查询切成三个头，各自做注意力，结果再拼起来",
        "shapes_description": (
            "六个词元、十二列的一张表，按颜色切成三张六行四列的表。每张算出一个六乘六的三角形权重表，"
            "再得到六行四列的混合结果。三张并排，又是六行十二列。"
        ),
        "steps": ("查询", "切开", "权重", "混合的值", "拼接"),
        "head": "头",
        "also": "键和值也照样切开",
    },
}


def two_heads() -> MultiHeadAttention:
    """Return the layer of the page, whose weights are made by hand."""
    acts, fur, happens, sweet, zero = *torch.eye(4), torch.zeros(4)
    layer = MultiHeadAttention(4, 2, bias=False)
    rows = [2**0.5 * happens, zero, 2**0.5 * happens, zero]
    rows += [acts, zero, sweet, zero, acts, fur, sweet, happens]
    layer.load_state_dict({"qkv_proj.weight": torch.stack(rows), "o_proj.weight": torch.eye(4)})
    return layer


def heads_of(layer: MultiHeadAttention, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Return queries `(H, T, D)`, weights `(H, T, T)`, and mixed values `(H, T, D)`."""
    qkv = layer.qkv_proj(x).unflatten(-1, (3, *layer.head_shape))
    queries, keys, values = qkv.permute(1, 2, 0, 3)  # (H, T, D)
    mask = causal_mask(torch.arange(len(x)), torch.arange(len(x)))
    weights = attention_weights(queries, keys, mask)
    return queries, weights, weights @ values


def questions(language: str):
    """Draw where the two heads of the last token look, and what they bring."""
    words = WORDS[language]
    figure, axes = canvas(
        690, 236, title=words["questions"], description=words["questions_description"]
    )
    names = VECTORS if language == "en" else CHINESE
    x = torch.tensor([VECTORS[CHINESE.get(name, name)] for name in names], dtype=torch.float32)
    _, weights, mixed = heads_of(two_heads(), x)
    left, width, right = 92, 62, 520
    for j, name in enumerate(names):
        axes.text(left + width * (j + 0.5), 14, name, ha="center", va="center", fontsize=11)
    for head, color in enumerate((BLUE, ORANGE)):
        y = 32 + 62 * head
        axes.text(left - 10, y + 20, words["heads"][head], ha="right", va="center", color=color)
        for j, weight in enumerate(weights[head, 5].tolist()):
            place = (left + width * j + 2, y, width - 4, 40)
            cell(axes, *place, f"{weight:.2f}", color=color, strength=0.65 * weight, size=12)
        arrow(axes, (left + 6 * width + 8, y + 20), (right - 10, y + 20))
        for i, number in enumerate(mixed[head, 5].tolist()):
            cell(axes, right + 82 * i + 2, y, 78, 40, f"{number:.2f}", color=color, size=12)
            label = words["numbers"][2 * head + i]
            middle = right + 82 * i + 41
            axes.text(middle, y - 9, label, ha="center", va="center", fontsize=10, color=MUTED)
    axes.text(right - 174, 196, words["joined"], ha="right", va="center", fontsize=11)
    for i, number in enumerate(mixed[:, 5].flatten().tolist()):
        place = (right - 164 + 82 * i + 2, 176, 78, 40)
        cell(axes, *place, f"{number:.2f}", color=(BLUE, ORANGE)[i // 2], size=12)
    return figure


def table_of(axes, left: float, top: float, numbers: torch.Tensor, color: str, size: float) -> None:
    """Draw a table of numbers as squares whose strength is their size."""
    for i, row in enumerate(numbers.abs().tolist()):
        for j, number in enumerate(row):
            place = (left + size * j, top + size * i, size - 1.5, size - 1.5)
            strength = min(0.95, 0.1 + 0.75 * number)
            box(axes, *place, facecolor=color, alpha=strength, edgecolor="none")


def shapes(language: str):
    """Draw the tables on the way from the queries to the joined results."""
    words = WORDS[language]
    figure, axes = canvas(690, 384, title=words["shapes"], description=words["shapes_description"])
    torch.manual_seed(0)
    size, high = 13, 6 * 13
    layer = MultiHeadAttention(C, H)
    with torch.no_grad():
        layer.qkv_proj.weight.mul_(2)
        queries, weights, mixed = heads_of(layer, torch.randn(T, C))
    lefts, widths = (4, 204, 306, 434, 530), (C, D, T, D, C)
    letters = ("(T, C)", "(H, T, D)", "(H, T, S)", "(H, T, D)", "(T, C)")
    tensors = (queries[0].repeat(1, H), queries, weights, mixed, mixed[0].repeat(1, H))
    numbers = [tuple(tensor.shape) for tensor in tensors]
    for name, letter, shape, left, n in zip(
        words["steps"], letters, numbers, lefts, widths, strict=True
    ):
        middle = left + n * size / 2
        for y, text, color in ((12, name, None), (30, letter, MUTED), (47, str(shape), MUTED)):
            style = {"fontsize": 11, **({} if color is None else {"color": color})}
            axes.text(middle, y, text, ha="center", va="center", **style)
    center = 82 + 102 + (high - 1.5) / 2
    for head, color in enumerate(COLORS):
        top = 82 + 102 * head
        middle = top + (high - 1.5) / 2
        whole = center - high / 2
        table_of(axes, lefts[0] + head * D * size, whole, queries[head], color, size)
        table_of(axes, lefts[1], top, queries[head], color, size)
        for i in range(T):
            for j in range(i + 1, T):
                place = (lefts[2] + size * j, top + size * i, size - 1.5, size - 1.5)
                box(axes, *place, linestyle=":", linewidth=0.6)
        hidden = torch.ones(T, T).triu(1).bool()
        for i in range(T):
            visible = weights[head, i : i + 1].masked_select(~hidden[i : i + 1])[None]
            table_of(axes, lefts[2], top + size * i, visible, color, size)
        table_of(axes, lefts[3], top, mixed[head], color, size)
        table_of(axes, lefts[4] + head * D * size, whole, mixed[head], color, size)
        arrow(axes, (lefts[0] + C * size + 5, center), (lefts[1] - 7, middle), color=color)
        arrow(axes, (lefts[1] + D * size + 6, middle), (lefts[2] - 8, middle), color=color)
        arrow(axes, (lefts[2] + T * size + 6, middle), (lefts[3] - 8, middle), color=color)
        arrow(axes, (lefts[3] + D * size + 5, middle), (lefts[4] - 7, center), color=color)
        label = f"{words['head']} {head + 1}"
        axes.text(lefts[1], top - 9, label, va="center", fontsize=10, color=color)
    axes.text(lefts[0], 374, words["also"], va="center", fontsize=10, color=MUTED)
    return figure


FIGURES = {"questions": questions, "shapes": shapes}
