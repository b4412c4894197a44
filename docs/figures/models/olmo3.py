"""Figures and tables of the page models/olmo3."""

import dataclasses
import json

import torch
from torch import nn

from llm_book.models.causal_lm import count_parameters
from llm_book.models.olmo3 import OLMO_3_7B, OLMO_3_32B, Olmo3, Olmo3Block, Olmo3Config
from llm_book.models.qwen3 import Qwen3, Qwen3Block, Qwen3Config
from llm_book.publishing.figures import (
    BLUE,
    GRAY,
    INK,
    MUTED,
    ORANGE,
    PAPER,
    PURPLE,
    arrow,
    box,
    canvas,
    cell,
    results,
    source_diff,
    table,
)
from llm_book.publishing.models import cache_bytes, conversation, on_meta

PRESETS = {"7B": OLMO_3_7B, "32B": OLMO_3_32B}
LENGTHS = (4096, 8192, 32_768, 65_536)
DEPTH = 32
COLORS = {"before": ORANGE, "after": BLUE, "after, no q_norm": PURPLE}
WORDS = {
    "en": {
        "places": "Four places for a norm",
        "places_description": (
            "Four small drawings of a stream and a part beside it. The first Transformer has the norm "
            "in the stream, behind the sum. Qwen3 has it before the part, Gemma 3 on both sides, "
            "OLMo 3 between the part and the sum."
        ),
        "models": ["Transformer, 2017", "Qwen3", "Gemma 3", "OLMo 3"],
        "norm": "norm",
        "part": "part",
        "growth": "The size of the stream after each of 32 random blocks",
        "growth_description": (
            "With norms before the parts, the curve depends on the size of the matrices: three times "
            "as large matrices give a stream of up to {:.0f} instead of {:.0f}. With norms behind "
            "the parts both curves are the same and follow the square root of 1 + 2 times the "
            "number of blocks, up to {:.0f}."
        ),
        "curves": [
            "before, matrices × 3", "before", "after, matrices × 1 and × 3", "√(1 + 2 · blocks)",
        ],
        "block": "block",
        "size": "size of the stream",
        "cache_head": ["tokens", "7B, every layer sees all", "7B", "32B, every layer sees all", "32B"],
        "sizes": [
            "blocks", "heads / key-value heads", "width", "hidden width", "window",
            "layers that see all", "context", "vocabulary", "parameters",
        ],
        "chat": ["Answer in one word.", "Who found the jam?", "Fox.", "And who ate it?"],
        "trained": "The size of the stream after training, block by block",
        "trained_description": "Curves of sizes behind blocks 0 to 8: {}.",
        "loss_head": ["norms", "rate {}", "rate {}", "rate {}"],
        "curve": "{}, rate {:g}",
        "names": {
            "before": "before",
            "after": "after",
            "after, no q_norm": "after, queries and keys as they are",
        },
    },
    "zh": {
        "places": "归一化可以放的四个地方",
        "places_description": (
            "四幅小图，各有一条流和旁边的一个部分。最早的 Transformer 把归一化放在流里，在相加之后；"
            "Qwen3 放在部分之前；Gemma 3 前后都有；OLMo 3 放在部分之后、相加之前。"
        ),
        "models": ["Transformer，2017", "Qwen3", "Gemma 3", "OLMo 3"],
        "norm": "归一化",
        "part": "部分",
        "growth": "32 个随机的块，每过一个，流有多大",
        "growth_description": (
            "归一化放在前面，曲线要看矩阵的大小：矩阵大三倍，流最大到 {:.0f}，不然是 {:.0f}。放在后面，"
            "两条曲线重合，跟着 1 加两倍块数的平方根走，到 {:.0f}。"
        ),
        "curves": ["放前面，矩阵 × 3", "放前面", "放后面，矩阵 × 1 和 × 3", "√(1 + 2 · 块数)"],
        "block": "第几个块",
        "size": "流的大小",
        "cache_head": ["词元", "7B，每层都看全部", "7B", "32B，每层都看全部", "32B"],
        "sizes": [
            "块数", "头数 / 键值头数", "宽度", "中间宽度", "窗口", "看全文的层", "上下文长度",
            "词表", "参数",
        ],
        "chat": ["只用两个字回答。", "谁找到了果酱？", "狐狸。", "谁把它吃了？"],
        "trained": "训练之后，每过一个块，流有多大",
        "trained_description": "第 0 到第 8 个块之后的大小：{}。",
        "loss_head": ["归一化", "学习率 {}", "学习率 {}", "学习率 {}"],
        "curve": "{}，学习率 {:g}",
        "names": {
            "before": "放前面",
            "after": "放后面",
            "after, no q_norm": "放后面，查询和键不归一化",
        },
    },
}  # fmt: skip


def places(language: str):
    """Draw the norm of one part in four models."""
    words = WORDS[language]
    figure, axes = canvas(690, 270, title=words["places"], description=words["places_description"])
    for column, name in enumerate(words["models"]):
        stream = 34 + 172 * column
        left, middle = stream + 32, stream + 82
        axes.text(stream + 62, 16, name, ha="center", va="center", fontsize=11.5)
        arrow(axes, (stream, 258), (stream, 32), color=INK, linewidth=3)
        before, after = column in (1, 2), column in (2, 3)
        for there, y, new in ((before, 206, False), (after, 106, column == 3)):
            if there:
                color = ORANGE if new else GRAY
                cell(axes, left, y - 15, 100, 30, words["norm"], color=color, strength=0.25)
        cell(axes, left, 141, 100, 30, words["part"], color=BLUE)
        first = 221 if before else 171
        last = 91 if after else 141
        axes.plot([stream, middle, middle], [240, 240, first + 6], color=MUTED)
        arrow(axes, (middle, first + 8), (middle, first))
        if before:
            arrow(axes, (middle, 191), (middle, 171))
        if after:
            arrow(axes, (middle, 141), (middle, 121))
        axes.plot([middle, middle], [last, 72], color=MUTED)
        arrow(axes, (middle, 72), (stream + 8, 72))
        axes.text(stream - 14, 72, "+", ha="center", va="center", fontsize=16)
        if column == 0:
            box(axes, stream - 30, 38, 60, 24, facecolor=PAPER, zorder=3)
            cell(axes, stream - 30, 38, 60, 24, words["norm"], color=GRAY, strength=0.25, zorder=5)
    return figure


def stream_sizes(place: str, scale: float) -> list[float]:
    """Return the size of the stream behind each of 32 random blocks."""
    sizes = {"vocab_size": 2, "dim": 64, "n_layers": DEPTH, "n_heads": 4, "n_kv_heads": 4}
    if place == "before":
        blocks = Qwen3(Qwen3Config(**sizes, head_dim=16, hidden_dim=128)).blocks
    else:
        layers = tuple(range(DEPTH))
        blocks = Olmo3(Olmo3Config(**sizes, hidden_dim=128, global_layers=layers)).blocks
    torch.manual_seed(0)
    for name, parameter in blocks.named_parameters():
        if "norm" not in name:
            nn.init.normal_(parameter, std=scale * parameter.shape[1] ** -0.5)
    x = torch.randn(1, 64, 64, generator=torch.Generator().manual_seed(1))
    found = []
    with torch.no_grad():
        for block in blocks:
            x = block(x, torch.arange(64))
            found.append(x.square().mean().sqrt().item())
    return found


def growth(language: str):
    """Plot the size of the stream for both places and two sizes of the matrices."""
    words = WORDS[language]
    cases = [("before", 3, ORANGE, "--"), ("before", 1, ORANGE, "-")]
    cases += [("after", 1, BLUE, "-"), ("after", 3, BLUE, ":")]
    curves = [stream_sizes(place, scale) for place, scale, _, _ in cases]
    law = [(1 + 2 * block) ** 0.5 for block in range(1, DEPTH + 1)]
    told = words["growth_description"].format(curves[0][-1], curves[1][-1], curves[2][-1])
    figure, axes = canvas(640, 320, title=words["growth"], description=told, plot=True)
    names = [words["curves"][0], words["curves"][1], words["curves"][2], None]
    for (_, _, color, line), curve, name in zip(cases, curves, names, strict=True):
        width = 3 if line == ":" else 1.6
        axes.plot(range(1, DEPTH + 1), curve, line, color=color, label=name, linewidth=width)
    axes.plot(range(1, DEPTH + 1), law, color=MUTED, linewidth=0.8, label=words["curves"][3])
    axes.set(yscale="log", xlabel=words["block"], ylabel=words["size"], ylim=(0.8, 400))
    axes.set_yticks([1, 3, 10, 30, 100], ["1", "3", "10", "30", "100"])
    axes.minorticks_off()
    axes.grid()
    axes.legend(fontsize=10, loc="upper left")
    return figure


def cache_table(language: str) -> str:
    """Table what the caches of both sizes keep, with and without windows."""
    models = []
    for config in PRESETS.values():
        layers = tuple(range(config.n_layers))
        everywhere = dataclasses.replace(config, global_layers=layers)
        models += [on_meta(Olmo3, everywhere), on_meta(Olmo3, config)]
    rows = []
    for length in LENGTHS:
        numbers = [f"{length:,}" if language == "en" else str(length)]
        for model in models:
            numbers.append(f"{cache_bytes(model, length) / 1e9:.1f} GB")
        rows.append(numbers)
    return table(WORDS[language]["cache_head"], rows)


def presets(language: str) -> str:
    """Return the table of the sizes, counted on the meta device."""
    columns = []
    for config in PRESETS.values():
        numbers = [config.dim, config.hidden_dim, config.window, len(config.global_layers)]
        numbers += [
            config.context_length,
            config.vocab_size,
            count_parameters(on_meta(Olmo3, config)),
        ]
        heads = f"{config.n_heads} / {config.n_kv_heads}"
        columns.append([f"{config.n_layers}", heads, *(f"{number:,}" for number in numbers)])
    rows = [list(row) for row in zip(WORDS[language]["sizes"], *columns, strict=True)]
    return table(["", *(f"`OLMO_3_{name}`" for name in PRESETS)], rows)


def chat(language: str) -> str:
    """Write a conversation as the model sees it."""
    return conversation("olmo3", WORDS[language]["chat"])


def diff(language: str) -> str:
    """Return the difference of the two blocks' sources."""
    return source_diff(Qwen3Block, Olmo3Block)


def losses(language: str) -> str:
    """Table the loss at the end of each run."""
    words, runs = WORDS[language], results("models/olmo3")["results"]["runs"]
    rates = sorted({run["rate"] for run in runs})
    rows = []
    for place in COLORS:
        found = {run["rate"]: run["loss"] for run in runs if run["place"] == place}
        rows.append([words["names"][place], *(f"{found[rate]:.2f}" for rate in rates)])
    head = [
        name.format(f"{rate:g}") for name, rate in zip(words["loss_head"][1:], rates, strict=True)
    ]
    return table([words["loss_head"][0], *head], rows)


def trained(language: str):
    """Plot the size of the stream after training, for both places and each rate."""
    words, runs = WORDS[language], results("models/olmo3")["results"]["runs"]
    told = []
    figure, axes = canvas(690, 320, title=words["trained"], description="", plot=True)
    for place in ("before", "after"):
        chosen = sorted((run for run in runs if run["place"] == place), key=lambda run: run["rate"])
        for run, style in zip(chosen, (":o", "--o", "-o"), strict=True):
            name = words["curve"].format(words["names"][place], run["rate"])
            axes.plot(run["sizes"], style, color=COLORS[place], markersize=3, label=name)
            told.append(name + " " + ", ".join(f"{size:.1f}" for size in run["sizes"]))
    description = words["trained_description"].format("; ".join(told))
    figure.set_label(json.dumps([words["trained"], description]))
    axes.set(yscale="log", xlabel=words["block"], ylabel=words["size"], ylim=(0.01, 3000))
    axes.set_xlim(-0.3, 12.6)
    axes.set_xticks(range(9))
    axes.set_yticks([0.1, 1, 10, 100, 1000], ["0.1", "1", "10", "100", "1000"])
    axes.minorticks_off()
    axes.grid()
    axes.legend(fontsize=9.5, loc="center right")
    return figure


def measured(language: str) -> str:
    """Say what the runs show, and what they do not."""
    runs = results("models/olmo3")["results"]["runs"]
    found = {place: [run for run in runs if run["place"] == place] for place in COLORS}
    ends = {
        place: (", " if language == "en" else "、").join(
            f"{run['sizes'][-1]:.1f}" for run in chosen
        )
        for place, chosen in found.items()
    }
    low = {place: chosen[0]["loss"] for place, chosen in found.items()}
    high = {place: chosen[-1]["loss"] for place, chosen in found.items()}
    times = found["before"][-1]["rate"] / found["before"][0]["rate"]
    if language == "en":
        return (
            f"Behind the last block the stream has, for the three rates, size {ends['before']} with "
            f"norms before the parts, and {ends['after']} with norms behind them. Before, the "
            "optimizer sets the size, by the rate; behind, the norms do. That is what the place "
            "of the norm changes. It is no gain in loss here: with the lowest rate the losses are "
            f"{low['before']:.2f} before and {low['after']:.2f} behind, with a rate {times:.0f} "
            f"times as high {high['before']:.2f} and {high['after']:.2f}. A short run of a small "
            "model says nothing about the spikes of a long one. And without norms of queries and "
            f"keys, norms behind the parts give {low['after, no q_norm']:.2f} and "
            f"{high['after, no q_norm']:.2f}, the highest of the three in both cases."
        )
    return (
        f"最后一个块之后，流的大小按三种学习率依次是：归一化放前面，{ends['before']}；放后面，{ends['after']}。"
        "放前面，流有多大由优化器定，学习率大，它就大；放后面，由归一化定。放在哪里，改变的就是这件事。"
        f"损失却没有占到便宜：学习率最低时，放前面 {low['before']:.2f}，放后面 {low['after']:.2f}；"
        f"学习率大 {times:.0f} 倍，是 {high['before']:.2f} 和 {high['after']:.2f}。小模型跑这么几步，"
        "说明不了长时间训练里损失会不会突然蹿高。放后面而查询和键不归一化，是 "
        f"{low['after, no q_norm']:.2f} 和 {high['after, no q_norm']:.2f}，三种里最差。"
    )


FIGURES = {
    "places": places,
    "growth": growth,
    "cache_table": cache_table,
    "presets": presets,
    "chat": chat,
    "diff": diff,
    "losses": losses,
    "trained": trained,
    "measured": measured,
}
