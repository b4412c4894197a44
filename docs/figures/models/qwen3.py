"""Figures and tables of the page models/qwen3."""

import dataclasses
import statistics

import torch

from llm_book.models.causal_lm import count_parameters
from llm_book.models.llama import LlamaBlock
from llm_book.models.qwen3 import (
    QWEN3_0_6B,
    QWEN3_8B,
    QWEN3_30B_A3B,
    Qwen3,
    Qwen3Block,
    Qwen3Config,
)
from llm_book.nn.mixture_of_experts import TopKRouter
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
    results,
    source_diff,
    table,
)

MODELS = {"Qwen3 0.6B": QWEN3_0_6B, "Qwen3 8B": QWEN3_8B, "Qwen3 30B-A3B": QWEN3_30B_A3B}
NAMES = ("with norms", "without")
WORDS = {
    "en": {
        "block": "The two parts of a block of Qwen3",
        "description": (
            "On the left attention: queries and keys are projected, normalized, turned, and "
            "meet the values. On the right the feed-forward part of a model with experts: a "
            "router fills 8 of 128 cells. The norms, the router, and the cells are orange."
        ),
        "titles": ("attention", "feed-forward, with experts"),
        "norm": "RMSNorm",
        "parts": ("queries", "keys", "values"),
        "inner": "norm",
        "turn": "turn",
        "attend": "attend",
        "router": "router: 8 of 128",
        "sum": "weighted sum of eight",
        "scores": "The largest score after training, by learning rate",
        "scores_description": (
            "Both axes are logarithmic. Without norms the largest score rises by orders of "
            "magnitude from rate to rate; with norms it stays below a hundred."
        ),
        "rate": "learning rate",
        "score": "largest score after 300 steps",
        "lines": ("queries and keys normalized", "as they are"),
        "runs": ["learning rate", "loss, normalized", "loss, as they are",
                 "largest score, normalized", "largest score, as they are"],
        "rows": [
            "width C", "blocks", "heads / key-value heads", "width of a head", "C / heads",
            "hidden width", "experts, of which active", "tied head", "parameters",
            "of which a token uses",
        ],
        "experts": "{} of {}, {} wide",
        "yes": "yes",
        "no": "no",
    },
    "zh": {
        "block": "Qwen3 一个块的两个部分",
        "description": (
            "左边是注意力：查询和键先投影，再归一化，再旋转，然后和值相会。右边是带专家的前馈网络：路由器在 128 格里点亮 "
            "8 格。归一化、路由器和点亮的格子是橙色。"
        ),
        "titles": ("注意力", "带专家的前馈网络"),
        "norm": "RMSNorm",
        "parts": ("查询", "键", "值"),
        "inner": "归一化",
        "turn": "旋转",
        "attend": "注意力加权",
        "router": "路由器：128 选 8",
        "sum": "八个结果加权相加",
        "scores": "训练之后最大的分数，随学习率变化",
        "scores_description": (
            "两根轴都是对数。不归一化，学习率越大，最大的分数成十倍、百倍地涨；归一化以后，一直不到一百。"
        ),
        "rate": "学习率",
        "score": "300 步之后最大的分数",
        "lines": ("查询和键归一化", "原样"),
        "runs": ["学习率", "损失，归一化", "损失，原样", "最大分数，归一化", "最大分数，原样"],
        "rows": [
            "宽度 C", "块数", "头数 / 键值头数", "头宽", "C / 头数", "中间宽度", "专家，其中用到的",
            "绑定输出层", "参数", "一个词元用到的",
        ],
        "experts": "{1} 选 {0}，各宽 {2}",
        "yes": "是",
        "no": "否",
    },
}  # fmt: skip


def block(language: str):
    """Draw attention and the experts, each between the stream below and above."""
    words = WORDS[language]
    figure, axes = canvas(690, 430, title=words["block"], description=words["description"])
    for left, title in zip((0, 350), words["titles"], strict=True):
        stream, middle = left + 30, left + 200
        axes.text(middle, 18, title, ha="center", va="center", fontsize=13)
        arrow(axes, (stream, 425), (stream, 30), color=INK, linewidth=3)
        cell(axes, left + 90, 375, 220, 32, words["norm"], color=GRAY)
        arrow(axes, (stream, 391), (left + 90, 391))
        axes.text(stream - 14, 60, "+", ha="center", va="center", fontsize=16)
        axes.plot([middle, middle], [88, 60], color=MUTED, linewidth=1.2)
        arrow(axes, (middle, 60), (stream + 4, 60))
    box(axes, 75, 88, 250, 265)
    for place, name in enumerate(words["parts"]):
        x = 130 + 70 * place
        arrow(axes, (x, 375), (x, 332))
        cell(axes, x - 31, 300, 62, 32, name, color=GRAY, size=10)
        if place < 2:
            arrow(axes, (x, 300), (x, 262))
            cell(axes, x - 31, 230, 62, 32, words["inner"], color=ORANGE, strength=0.25, size=10)
            arrow(axes, (x, 230), (x, 192))
            cell(axes, x - 31, 160, 62, 32, words["turn"], color=GRAY, size=10)
        arrow(axes, (x, 160 if place < 2 else 300), (x, 136))
    cell(axes, 99, 104, 202, 32, words["attend"], color=GRAY, size=10)
    experts(axes, words)
    return figure


def experts(axes, words) -> None:
    """Draw the 128 experts as cells, those that a router chooses for one token filled."""
    arrow(axes, (550, 375), (550, 353))
    cell(axes, 440, 321, 220, 32, words["router"], color=ORANGE, strength=0.25, size=10)
    torch.manual_seed(3)
    weights, chosen, _ = TopKRouter(64, 128, 8)(torch.randn(1, 64))
    filled = dict(zip(chosen[0].tolist(), weights[0].tolist(), strict=True))
    for expert in range(128):
        x, y = 438 + 14 * (expert % 16), 185 + 14 * (expert // 16)
        strength = 0.35 + 2.5 * filled[expert] if expert in filled else 0.05
        color = ORANGE if expert in filled else GRAY
        cell(axes, x + 1, y + 1, 12, 12, color=color, strength=min(strength, 1))
    arrow(axes, (550, 321), (550, 299))
    arrow(axes, (550, 185), (550, 120))
    cell(axes, 440, 88, 220, 32, words["sum"], color=ORANGE, strength=0.25, size=10)


def runs() -> dict:
    """Return what was measured: name, then rate, then a run for each seed."""
    return results("models/qwen3")["results"]["runs"]


def mean(entries: list[dict], kind: str) -> float:
    """Return the mean over the seeds of the loss, or of the last largest score."""
    values = [run["loss"] if kind == "loss" else run["scores"][-1][1] for run in entries]
    return statistics.mean(values)


def scores(language: str):
    """Plot the largest score at the end of training against the learning rate."""
    words = WORDS[language]
    figure, axes = canvas(
        690, 360, title=words["scores"], description=words["scores_description"], plot=True
    )
    for name, label, color, line in zip(
        NAMES, words["lines"], (ORANGE, BLUE), ("-", "--"), strict=True
    ):
        entries = runs()[name]
        rates = [float(rate) for rate in entries]
        axes.plot(rates, [mean(entry, "score") for entry in entries.values()], line, color=color)
        for rate, entry in zip(rates, entries.values(), strict=True):
            ends = [run["scores"][-1][1] for run in entry]
            axes.plot([rate] * len(ends), ends, "o", color=color, markersize=5)
        axes.text(0.0011, 3.2 if name == NAMES[0] else 40, label, color=color)
    axes.set(xscale="log", yscale="log", xlabel=words["rate"], ylabel=words["score"])
    axes.set_xticks([0.001, 0.01, 0.1], ["0.001", "0.01", "0.1"])
    axes.set_yticks([10**power for power in range(6)], [f"{10**power:,}" for power in range(6)])
    axes.minorticks_off()
    axes.grid(True, axis="y")
    return figure


def learned(language: str) -> str:
    """Table the loss and the largest score of each learning rate, each the mean of the seeds."""
    kept, free = (runs()[name] for name in NAMES)
    rows = [
        [
            rate,
            *(f"{mean(entries[rate], 'loss'):.2f}" for entries in (kept, free)),
            *(f"{mean(entries[rate], 'score'):,.0f}" for entries in (kept, free)),
        ]
        for rate in kept
    ]
    return table(WORDS[language]["runs"], rows)


def meaning(language: str) -> str:
    """Say what the table shows, as far as it does."""
    kept, free = (runs()[name] for name in NAMES)
    losses = {
        rate: [mean(entries[rate], "loss") for entries in (kept, free)] for rate in ("0.001", "0.1")
    }
    top = [mean(entries["0.1"], "score") for entries in (kept, free)]
    assert losses["0.1"][1] > losses["0.1"][0] + 0.3
    assert top[0] < 100 < 0.01 * top[1]
    spread = max(
        abs(one["loss"] - two["loss"]) for entries in (kept, free) for one, two in entries.values()
    )
    if language == "zh":
        return (
            f"学习率最大的时候，没有归一化的分数涨到 {top[1]:,.0f}，分数这么大，softmax 就只看一个词元，损失停在 "
            f"{losses['0.1'][1]:.2f}；有归一化的还在学，损失是 {losses['0.1'][0]:.2f}。"
            f"学习率小的那几行，谁好谁坏看不出来：换一个随机种子，损失就能差到 {spread:.2f}。"
        )
    return (
        f"At the highest rate the scores without norms reach {top[1]:,.0f}. A softmax over such "
        f"scores looks at a single token, and the loss ends at {losses['0.1'][1]:.2f}. With norms "
        f"the model still learns, to {losses['0.1'][0]:.2f}. The rows of low rates do not tell which is better: "
        f"another seed alone changes a loss by up to {spread:.2f}."
    )


def counted(config: Qwen3Config) -> tuple[int, int]:
    """Return the parameters of a model, and of those what a token uses, from two small ones."""

    def count(**changes) -> int:
        with torch.device("meta"):
            return count_parameters(Qwen3(dataclasses.replace(config, **changes)))

    def extend(**changes) -> int:
        one = count(n_layers=1, **changes)
        return one + (config.n_layers - 1) * (count(n_layers=2, **changes) - one)

    if not config.n_experts:
        return extend(), extend()
    expert = 3 * config.dim * config.expert_dim
    unused = config.n_layers * (config.n_experts - config.n_active_experts) * expert
    total = extend()
    return total, total - unused


def presets(language: str) -> str:
    """Table the presets."""
    words = WORDS[language]
    columns = []
    for config in MODELS.values():
        total, active = counted(config)
        sparse = (config.n_active_experts, config.n_experts, config.expert_dim)
        columns.append(
            [
                *(f"{number:,}" for number in (config.dim, config.n_layers)),
                f"{config.n_heads} / {config.n_kv_heads}",
                str(config.head_dim),
                str(config.dim // config.n_heads),
                "–" if config.n_experts else f"{config.hidden_dim:,}",
                words["experts"].format(*sparse) if config.n_experts else "–",
                words["yes" if config.tie_embeddings else "no"],
                f"{total:,}",
                f"{active:,}",
            ]
        )
    rows = [list(row) for row in zip(words["rows"], *columns, strict=True)]
    return table(["", *MODELS], rows)


def diff(language: str) -> str:
    """Return the difference to the block of Llama."""
    return source_diff(LlamaBlock, Qwen3Block)


FIGURES = {
    "block": block,
    "diff": diff,
    "learned": learned,
    "meaning": meaning,
    "presets": presets,
    "scores": scores,
}
