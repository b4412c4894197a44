"""Figures and tables of the page models/glm."""

import dataclasses

import torch

from llm_book.exercises.models.glm_solution import scores_by_distance
from llm_book.models.causal_lm import count_parameters
from llm_book.models.glm import CHATGLM3_6B, GLM_4_9B_0414, GLM_4_9B_CHAT, Glm, GlmBlock, GlmConfig
from llm_book.models.llama import LLAMA_3_8B, Llama, LlamaBlock
from llm_book.nn.rotary_embedding import RotaryEmbedding
from llm_book.publishing.figures import (
    BLUE,
    GRAY,
    INK,
    MUTED,
    ORANGE,
    arrow,
    box,
    canvas,
    cell,
    source_diff,
    table,
)
from llm_book.publishing.models import on_meta

MODELS = {
    "Llama 3 8B": (Llama, LLAMA_3_8B),
    "ChatGLM3-6B": (Glm, CHATGLM3_6B),
    "GLM-4-9B-chat": (Glm, GLM_4_9B_CHAT),
    "GLM-4-9B-0414": (Glm, GLM_4_9B_0414),
}
WORDS = {
    "en": {
        "blocks": "A block of Llama, of GLM-4, and of GLM-4-0414",
        "description": (
            "Three columns of the same parts, from bottom to top: norm, attention, sum, norm, "
            "feed-forward, sum. In GLM-4 attention is marked: half of each head turns, two pairs "
            "of keys and values, biases. In GLM-4-0414 two norms are marked as well, one behind "
            "attention and one behind the feed-forward network."
        ),
        "norm": "RMSNorm",
        "attention": [
            "attention\nall of a head turns\n8 pairs of keys\nand values",
            "attention, biases\nhalf of a head turns\n2 pairs of keys\nand values",
            "attention, biases\nhalf of a head turns\n2 pairs of keys\nand values",
        ],
        "feed_forward": "feed-forward\nwith a gate",
        "turning": "What rotation does to a head of ones, in Llama and in GLM",
        "turning_description": (
            "Two tables of twelve positions and sixteen features. In Llama's all columns change "
            "with the position, column 0 together with column 8. In GLM's columns 0 and 1 change "
            "together, 2 and 3, up to 7; the columns 8 to 15 are the same at every position."
        ),
        "llama": "Llama: all turn, pairs of halves",
        "glm": "GLM: half turns, pairs of neighbors",
        "position": "position",
        "feature": "feature",
        "bias": "What biases alone add to a score, by distance",
        "bias_description": (
            "Two curves over the distance from 1 to 4,096 on a logarithmic axis. Both begin near "
            "1 and fall. With all features turning the curve ends near 0. With half of them "
            "turning it ends near 0.5."
        ),
        "distance": "distance of the key",
        "score": "score of the biases, 1 at distance 0",
        "all": "all 128 features turn",
        "half": "the first 64 turn",
        "head": ["", *MODELS],
        "rows": [
            "vocabulary", "context", "width C", "blocks", "heads / key-value heads",
            "hidden width", "turning features", "base of rotation", "biases", "norms in a block",
            "ε of the norms", "cache, bytes a token", "parameters",
        ],
        "qkv": "on q, k, v",
        "none": "none",
    },
    "zh": {
        "blocks": "Llama、GLM-4 和 GLM-4-0414 各一个块",
        "description": (
            "三列同样的部件，从下往上：归一化、注意力、相加、归一化、前馈网络、相加。GLM-4 的注意力标了颜色："
            "每个头只转一半，两组键和值，带偏置。GLM-4-0414 还多出两个归一化，一个在注意力后面，一个在前馈网络后面。"
        ),
        "norm": "RMSNorm",
        "attention": [
            "注意力\n整个头都转\n8 组键和值",
            "注意力，带偏置\n每个头只转一半\n2 组键和值",
            "注意力，带偏置\n每个头只转一半\n2 组键和值",
        ],
        "feed_forward": "前馈网络\n带门",
        "turning": "一个全是 1 的头，在 Llama 和 GLM 里各怎样转",
        "turning_description": (
            "两张表，十二个位置，十六个特征。Llama 那张每一列都随位置变，第 0 列和第 8 列是一对。GLM 那张第 0、1 列"
            "一对，第 2、3 列一对，直到第 7 列；第 8 到 15 列在每个位置都一样。"
        ),
        "llama": "Llama：全转，两半配对",
        "glm": "GLM：转一半，相邻配对",
        "position": "位置",
        "feature": "特征",
        "bias": "光凭偏置，不同距离的键各得多少分",
        "bias_description": (
            "两条曲线，横轴是距离，从 1 到 4096，对数刻度。两条都从接近 1 开始往下走。特征全转的那条最后到 0 附近，"
            "只转一半的那条最后到 0.5 附近。"
        ),
        "distance": "键离得多远",
        "score": "偏置给的分数（距离 0 时为 1）",
        "all": "128 个特征全转",
        "half": "只转前 64 个",
        "head": ["", *MODELS],
        "rows": [
            "词表", "上下文长度", "宽度 C", "块数", "头数 / 键值头数", "中间宽度", "转动的特征",
            "旋转的基数", "偏置", "一个块里的归一化", "归一化的 ε", "缓存，每词元字节", "参数",
        ],
        "qkv": "q、k、v 有",
        "none": "没有",
    },
}  # fmt: skip


def blocks(language: str):
    """Draw the three blocks side by side, from the stream below to the stream above."""
    words = WORDS[language]
    figure, axes = canvas(690, 470, title=words["blocks"], description=words["description"])
    for column, title in enumerate(("Llama 3 8B", "GLM-4-9B", "GLM-4-9B-0414")):
        stream, left, width = 30 + 232 * column, 62 + 232 * column, 150
        middle, behind = left + width / 2, column == 2
        axes.text(middle, 18, title, ha="center", va="center", fontsize=13)
        arrow(axes, (stream, 455), (stream, 30), color=INK, linewidth=3)
        # Top and height of: the norm before, the part, the norm behind; then where it joins.
        for part, places in (
            ("attention", ((412, 28), (316, 74), (272, 28), 254)),
            ("feed_forward", ((208, 28), (140, 46), (96, 28), 78)),
        ):
            (before, inside, after, joined), text = places, words[part]
            text = text[column] if isinstance(text, list) else text
            changed = part == "attention" and column > 0
            for (top, height), label, color in (
                (before, words["norm"], GRAY),
                (inside, text, ORANGE if changed else GRAY),
                *([(after, words["norm"], ORANGE)] if behind else []),
            ):
                cell(axes, left, top, width, height, color=color, strength=0.2)
                lines = label.split("\n")
                for number, line in enumerate(lines):
                    y = top + height * (number + 0.6) / (len(lines) + 0.2)
                    axes.text(middle, y, line, ha="center", va="center",
                              fontsize=11 if number == 0 else 10)  # fmt: skip
            arrow(axes, (stream, before[0] + 14), (left, before[0] + 14))
            arrow(axes, (middle, before[0]), (middle, inside[0] + inside[1]))
            leave = inside[0]
            if behind:
                arrow(axes, (middle, inside[0]), (middle, after[0] + after[1]))
                leave = after[0]
            axes.plot([middle, middle], [leave, joined], color=MUTED, linewidth=1.2)
            arrow(axes, (middle, joined), (stream + 4, joined))
            axes.text(stream - 14, joined, "+", ha="center", va="center", fontsize=16)
    return figure


def turning(language: str):
    """Color what rotation makes of a head of ones, position by position."""
    words = WORDS[language]
    title, description = words["turning"], words["turning_description"]
    figure, axes = canvas(690, 330, title=title, description=description)
    kinds = (
        ("llama", RotaryEmbedding(16, 100.0), (0, 8), 50),
        ("glm", RotaryEmbedding(8, 100.0, interleaved=True), (0, 1), 390),
    )
    size, top = 17, 52
    for name, rotary, pair, left in kinds:
        numbers = rotary(torch.ones(1, 12, 1, 16), torch.arange(12))[0, :, 0]  # (T, D)
        axes.text(left + 8 * size, 18, words[name], ha="center", va="center", fontsize=13)
        for position, row in enumerate(numbers.tolist()):
            for feature, number in enumerate(row):
                box(axes, left + size * feature, top + size * position, size - 1, size - 1,
                    facecolor=BLUE if number > 0 else ORANGE, edgecolor="none",
                    alpha=min(abs(number), 1.4) / 1.4)  # fmt: skip
            if position % 4 == 3 or position == 0:
                axes.text(left - 8, top + size * (position + 0.5), str(position), ha="right",
                          va="center", fontsize=10, color=MUTED)  # fmt: skip
        for feature in (0, 7, 8, 15):
            axes.text(left + size * (feature + 0.5), top + 12 * size + 22, str(feature),
                      ha="center", va="center", fontsize=10, color=MUTED)  # fmt: skip
        first, second = (left + size * (feature + 0.4) for feature in pair)
        axes.plot([first, first, second, second], [top - 5, top - 12, top - 12, top - 5],
                  color=INK, linewidth=1.2)  # fmt: skip
        axes.text(left + 8 * size, top + 12 * size + 44, words["feature"], ha="center",
                  va="center", fontsize=11, color=MUTED)  # fmt: skip
        axes.text(left - 34, top + 6 * size, words["position"], ha="center", va="center",
                  fontsize=11, color=MUTED, rotation=90)  # fmt: skip
    return figure


def bias(language: str):
    """Plot what equal biases add to a score, if all of a head turns and if half of it does."""
    words = WORDS[language]
    figure, axes = canvas(
        690, 300, title=words["bias"], description=words["bias_description"], plot=True
    )
    ones = torch.ones(128)
    for dim, label, color, style in (
        (64, "half", ORANGE, "-"),
        (128, "all", BLUE, "--"),
    ):
        scores = scores_by_distance(ones, ones, RotaryEmbedding(dim, interleaved=True), 4097)
        distances = torch.logspace(0, 12, 300, base=2).round().long().unique()
        scores = (scores / scores[0])[distances]
        axes.plot(distances.tolist(), scores.tolist(), color=color, linestyle=style,
                  label=words[label])  # fmt: skip
    axes.set_xscale("log", base=2)
    axes.set_xticks([4**power for power in range(7)])
    axes.set_xticklabels([f"{4**power:,}" for power in range(7)])
    axes.set(xlabel=words["distance"], ylabel=words["score"], ylim=(-0.1, 1.05))
    axes.grid(visible=True)
    axes.legend()
    return figure


def family(language: str) -> str:
    """Table the sizes, read from the presets; the cache counts its own bytes."""
    words = WORDS[language]
    columns = []
    for model_class, config in MODELS.values():
        model = on_meta(model_class, config)
        block = model.blocks[0]
        cache = block.make_cache(1, 1, dtype=torch.bfloat16, device="meta")
        norms = sum(type(part).__name__ == "RMSNorm" for part in block.modules())
        columns.append(
            [
                f"{config.vocab_size:,}",
                f"{config.context_length:,}",
                f"{config.dim:,}",
                f"{config.n_layers}",
                f"{config.n_heads} / {config.n_kv_heads}",
                f"{config.hidden_dim:,}",
                f"{block.attention.rotary.dim} / {block.attention.q_shape[1]}",
                f"{config.rope_theta:,.0f}",
                words["none" if block.attention.q_proj.bias is None else "qkv"],
                f"{norms}",
                f"{config.norm_eps:g}",
                f"{config.n_layers * cache.bytes_per_token:,}",
                f"{count_parameters(model):,}",
            ]
        )
    rows = [list(row) for row in zip(words["rows"], *columns, strict=True)]
    return table(words["head"], rows)


def diff(language: str) -> str:
    """Return the difference of the two blocks, as it stands in the package."""
    return source_diff(LlamaBlock, GlmBlock)


def step(older: GlmConfig, newer: GlmConfig, names: tuple[str, str]) -> str:
    """Return what changes from one preset to another, as a diff of their fields."""
    lines = ["```diff", f"- {names[0]}", f"+ {names[1]}"]
    for field in dataclasses.fields(GlmConfig):
        before, after = getattr(older, field.name), getattr(newer, field.name)
        if before != after:
            lines += [f"- {field.name} = {before!r}", f"+ {field.name} = {after!r}"]
    return "\n".join([*lines, "```"])


def step_4(language: str) -> str:
    """Return the step from ChatGLM3 to GLM-4."""
    return step(CHATGLM3_6B, GLM_4_9B_CHAT, ("CHATGLM3_6B", "GLM_4_9B_CHAT"))


def step_0414(language: str) -> str:
    """Return the step from GLM-4 to GLM-4-0414."""
    return step(GLM_4_9B_CHAT, GLM_4_9B_0414, ("GLM_4_9B_CHAT", "GLM_4_9B_0414"))


FIGURES = {
    "bias": bias,
    "blocks": blocks,
    "diff": diff,
    "family": family,
    "step_4": step_4,
    "step_0414": step_0414,
    "turning": turning,
}
