"""Figures and tables of the page models/gpt2."""

import torch
from torch import nn

from llm_book.models.causal_lm import count_parameters
from llm_book.models.gpt2 import (
    GPT2,
    GPT2_1_5B,
    GPT2_124M,
    GPT2_355M,
    GPT2_774M,
)
from llm_book.nn.feed_forward import FeedForward
from llm_book.nn.layer_norm import LayerNorm
from llm_book.publishing.figures import (
    BLUE,
    GRAY,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    PURPLE,
    RED,
    arrow,
    canvas,
    cell,
    table,
)
from llm_book.publishing.models import on_meta

DEPTH, WIDTH = 24, 64
PRESETS = {
    "GPT2_124M": (GPT2_124M, "gpt2"),
    "GPT2_355M": (GPT2_355M, "gpt2-medium"),
    "GPT2_774M": (GPT2_774M, "gpt2-large"),
    "GPT2_1_5B": (GPT2_1_5B, "gpt2-xl"),
}
WORDS = {
    "en": {
        "block": "A block of GPT-2: two parts, each adding to the stream",
        "block_description": (
            "The stream runs straight from left to right. Twice a branch leaves it, passes a norm "
            "and a part, attention or feed-forward network, and is added to the stream."
        ),
        "norm": "norm",
        "attention": "attention",
        "feed_forward": "feed-forward",
        "stream": "stream",
        "gradients": "The size of the gradient in each of 24 layers",
        "gradients_description": (
            "Without normalization and shortcut, the gradient falls from 1e-3 in the last layer to "
            "1e-20 in the first. With shortcuts, with a norm, or with both it stays between 0.1 "
            "and 2."
        ),
        "curves": ["neither", "norm", "shortcut", "norm and shortcut"],
        "layer": "layer",
        "gradient": "norm of the gradient",
        "parts": "Where the 124,439,808 parameters of the smallest GPT-2 are",
        "parts_description": "Bars: {}.",
        "names": [
            "token embedding (and head)",
            "position embedding",
            "attention, 12 blocks",
            "feed-forward, 12 blocks",
            "norms",
        ],
        "and": "; ",
        "unit": 1e6,
        "amount": "{:.2f} million, {:.2%}",
        "head": ["preset", "published as", "blocks", "width", "heads", "parameters", "float32"],
    },
    "zh": {
        "block": "GPT-2 的一个块：两个部分，各往流里加一次",
        "block_description": (
            "流从左到右直直地走。两次分出支路，先过归一化，再过注意力或前馈网络，然后加回到流里。"
        ),
        "norm": "归一化",
        "attention": "注意力",
        "feed_forward": "前馈网络",
        "stream": "流",
        "gradients": "24 层里，每一层的梯度有多大",
        "gradients_description": (
            "归一化和捷径都没有，梯度从最后一层的千分之一降到第一层的 1e-20。有捷径、有归一化，或者两样都有，"
            "始终在 0.1 到 2 之间。"
        ),
        "curves": ["都没有", "归一化", "捷径", "归一化加捷径"],
        "layer": "层",
        "gradient": "梯度的长度",
        "parts": "最小的 GPT-2，124,439,808 个参数都在哪里",
        "parts_description": "柱子：{}。",
        "names": [
            "词元嵌入（兼输出层）",
            "位置嵌入",
            "注意力，12 个块",
            "前馈网络，12 个块",
            "归一化",
        ],
        "and": "；",
        "unit": 1e4,
        "amount": "{:.0f} 万，{:.2%}",
        "head": ["预设", "公开的名字", "块数", "宽度", "头数", "参数", "float32"],
    },
}


def block(language: str):
    """Draw the stream and its two branches, with the widths of the smallest model."""
    words = WORDS[language]
    figure, axes = canvas(690, 175, title=words["block"], description=words["block_description"])
    stream_y, branch_y = 128, 50
    axes.plot([20, 650], [stream_y, stream_y], color=INK, linewidth=3)
    arrow(axes, (650, stream_y), (675, stream_y), color=INK, linewidth=3)
    axes.text(20, stream_y + 22, words["stream"], ha="left", va="center", fontsize=12)
    for left, part, color, width in (
        (50, words["attention"], BLUE, "(B, T, 12, 64)"),
        (360, words["feed_forward"], ORANGE, "(B, T, 3072)"),
    ):
        axes.plot([left, left, left + 24], [stream_y, branch_y, branch_y], color=MUTED)
        cell(axes, left + 24, branch_y - 17, 70, 34, words["norm"], color=GRAY)
        arrow(axes, (left + 94, branch_y), (left + 118, branch_y))
        cell(axes, left + 118, branch_y - 17, 110, 34, part, color=color)
        axes.text(left + 173, branch_y - 30, width, ha="center", va="center", fontsize=10)
        axes.plot([left + 228, left + 252], [branch_y, branch_y], color=MUTED)
        arrow(axes, (left + 252, branch_y), (left + 252, stream_y - 9))
        axes.text(left + 266, stream_y - 18, "+", ha="center", va="center", fontsize=16)
    for x in (185, 330, 500):
        axes.text(x, stream_y + 22, "(B, T, 768)", ha="center", va="center", fontsize=10)
    return figure


def gradient_norms(norm: nn.Module, shortcut: bool) -> list[float]:
    """Return the norm of the gradient in each layer of a stack of feed-forward networks."""
    torch.manual_seed(0)
    layers = [FeedForward(WIDTH, 4 * WIDTH) for _ in range(DEPTH)]
    x = torch.randn(8, WIDTH)
    for layer in layers:
        x = layer(norm(x)) + (x if shortcut else 0)
    x.square().mean().backward()
    return [layer.up_proj.weight.grad.norm().item() for layer in layers]


def gradients(language: str):
    """Plot the four curves."""
    words = WORDS[language]
    figure, axes = canvas(
        640, 310, title=words["gradients"], description=words["gradients_description"], plot=True
    )
    cases = [
        (nn.Identity(), False, ":", RED),
        (LayerNorm(WIDTH), False, "--", ORANGE),
        (nn.Identity(), True, "-.", GREEN),
        (LayerNorm(WIDTH), True, "-", BLUE),
    ]
    for (norm, shortcut, line, color), name in zip(cases, words["curves"], strict=True):
        numbers = gradient_norms(norm, shortcut)
        axes.plot(range(1, DEPTH + 1), numbers, line, color=color, label=name)
    axes.set(yscale="log", ylim=(1e-21, 1e3), xlabel=words["layer"], ylabel=words["gradient"])
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0e}")
    axes.grid()
    axes.legend(fontsize=10, loc="lower right")
    return figure


def parts(language: str):
    """Draw a bar for each part of the smallest model, counted from the module."""
    words, model = WORDS[language], on_meta(GPT2, GPT2_124M)
    blocks = list(model.blocks)
    counts = [
        count_parameters(model.embedding.token),
        count_parameters(model.embedding.position),
        sum(count_parameters(each.attention) for each in blocks),
        sum(count_parameters(each.feed_forward) for each in blocks),
        sum(count_parameters(m) for m in model.modules() if isinstance(m, LayerNorm)),
    ]
    total = count_parameters(model)
    assert sum(counts) == total
    labels = [words["amount"].format(count / words["unit"], count / total) for count in counts]
    told = words["and"].join(map(" ".join, zip(words["names"], labels, strict=True)))
    figure, axes = canvas(
        690, 190, title=words["parts"], description=words["parts_description"].format(told)
    )
    for row, (name, count, label, color) in enumerate(
        zip(words["names"], counts, labels, (PURPLE, GRAY, BLUE, ORANGE, GREEN), strict=True)
    ):
        y, width = 12 + 34 * row, 300 * count / max(counts)
        axes.text(192, y + 12, name, ha="right", va="center", fontsize=11)
        cell(axes, 202, y, max(width, 1), 24, color=color, strength=0.3)
        axes.text(202 + width + 10, y + 12, label, ha="left", va="center", fontsize=11)
    return figure


def presets(language: str) -> str:
    """Return the table of the four sizes, counted on the meta device."""
    rows = []
    for name, (config, published) in PRESETS.items():
        count = count_parameters(on_meta(GPT2, config))
        sizes = [str(config.n_layers), str(config.dim), str(config.n_heads)]
        rows.append(
            [f"`{name}`", f"`{published}`", *sizes, f"{count:,}", f"{4 * count / 1e9:.2f} GB"]
        )
    return table(WORDS[language]["head"], rows)


FIGURES = {"block": block, "gradients": gradients, "parts": parts, "presets": presets}
