"""Figures and tables of the page models/gemma3."""

import dataclasses
from functools import lru_cache

import torch
from torch import nn

from llm_book.models.causal_lm import count_parameters
from llm_book.models.gemma3 import (
    GEMMA_3_1B,
    GEMMA_3_4B,
    GEMMA_3_27B,
    GEMMA_3_270M,
    Gemma3,
    Gemma3Block,
    Gemma3Config,
)
from llm_book.models.qwen3 import Qwen3Block
from llm_book.publishing.figures import (
    BLUE,
    GRAY,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    PURPLE,
    arrow,
    box,
    canvas,
    cell,
    source_diff,
    table,
)
from llm_book.publishing.models import cache_bytes, conversation, on_meta

PRESETS = {
    "270M": GEMMA_3_270M,
    "1B": GEMMA_3_1B,
    "4B": GEMMA_3_4B,
    "27B": GEMMA_3_27B,
}
LENGTHS = (1024, 8192, 32_768, 131_072)
WINDOW, N_TOKENS = 4, 24
WORDS = {
    "en": {
        "block": "A block of Gemma 3: a norm before and after each part",
        "block_description": (
            "The stream runs straight from left to right. Twice a branch leaves it, passes a norm, a "
            "part, and a second norm, and is added to the stream. The second norms are marked: "
            "Qwen3 has none."
        ),
        "norm": "norm",
        "attention": "attention",
        "feed_forward": "feed-forward",
        "inside": ["window 512, or all", "GELU gate"],
        "stream": "stream",
        "reach": "What the last token has heard of after each layer",
        "reach_description": (
            "A grid of six layers and 24 tokens. After five layers with a window of 4 the last "
            "token depends on the last {} tokens. After the sixth layer, which sees everything, it "
            "depends on all 24."
        ),
        "layer": "layer {}",
        "fading": "How much the last token depends on a token at some distance",
        "fading_description": (
            "The axis of influence is logarithmic. After five layers with windows the influence "
            "falls a thousandfold from the token itself to a distance of 15 and then ends. After "
            "the sixth layer it stays level beyond a distance of 10."
        ),
        "after": ["after five windows", "after the sixth layer"],
        "distance": "distance in tokens",
        "influence": "size of the gradient",
        "kinds": ["window", "all"],
        "cache": "The cache of Gemma 3 4B by the length of the text",
        "cache_description": (
            "Both axes are logarithmic. Up to 1,024 tokens both lines agree. At 131,072 tokens the "
            "cache takes {0:.1f} GB if every layer keeps all, above the {2:.1f} GB of the weights, "
            "and {1:.1f} GB as published."
        ),
        "lines": ["every layer sees all", "as published", "the weights"],
        "tokens": "tokens in the text",
        "gigabytes": "GB",
        "cache_head": ["tokens", "4B, every layer sees all", "4B", "27B, every layer sees all", "27B"],
        "parts": "Where the parameters of four sizes are",
        "parts_description": "Bars of shares: {}.",
        "names": ["embedding", "attention", "feed-forward"],
        "chat": ["Answer in one word.", "Who found the jam?", "Fox.", "And who ate it?"],
        "sizes": [
            "blocks", "heads / key-value heads", "width", "width of a head", "hidden width",
            "query scale", "window", "context", "parameters",
        ],
    },
    "zh": {
        "block": "Gemma 3 的一个块：每个部分前后各归一化一次",
        "block_description": (
            "流从左到右直直地走。两次分出支路，先归一化，过一个部分，再归一化，然后加回到流里。"
            "第二次归一化标了颜色，Qwen3 没有。"
        ),
        "norm": "归一化",
        "attention": "注意力",
        "feed_forward": "前馈网络",
        "inside": ["窗口 512，或全文", "GELU 门"],
        "stream": "流",
        "reach": "每过一层，最后一个词元听说过哪些词元",
        "reach_description": (
            "六层、24 个词元的格子。窗口为 4 的五层过后，最后一个词元依赖最后 {} 个；"
            "第六层看全文，过后依赖全部 24 个。"
        ),
        "layer": "第 {} 层",
        "fading": "隔着一段距离，最后一个词元有多依赖那个词元",
        "fading_description": (
            "纵轴是对数。五层窗口过后，从自己到相隔 15 个词元，影响小到千分之一，再远就没有了；"
            "第六层过后，距离超过 10，影响就不再变小。"
        ),
        "after": ["五层窗口之后", "第六层之后"],
        "distance": "相隔几个词元",
        "influence": "梯度的大小",
        "kinds": ["窗口", "全文"],
        "cache": "文本多长，Gemma 3 4B 的缓存就有多大",
        "cache_description": (
            "两根轴都是对数。1024 个词元以内两条线重合。到 131072 个，每层全留要 {0:.1f} GB，"
            "比 {2:.1f} GB 的权重还大；照公开的样子只要 {1:.1f} GB。"
        ),
        "lines": ["每层都看全文", "公开的样子", "权重"],
        "tokens": "文本的词元数",
        "gigabytes": "GB",
        "cache_head": ["词元数", "4B，每层都看全文", "4B", "27B，每层都看全文", "27B"],
        "parts": "四种大小，参数各在哪里",
        "parts_description": "按份额画的柱子：{}。",
        "names": ["嵌入", "注意力", "前馈网络"],
        "chat": ["只用两个字回答。", "谁找到了果酱？", "狐狸。", "谁把它吃了？"],
        "sizes": [
            "块数", "头数 / 键值头数", "宽度", "头宽", "中间宽度", "query scale", "窗口",
            "上下文长度", "参数",
        ],
    },
}  # fmt: skip


def block(language: str):
    """Draw the stream and its two branches, what Qwen3 lacks in color."""
    words = WORDS[language]
    figure, axes = canvas(690, 180, title=words["block"], description=words["block_description"])
    stream_y, branch_y = 130, 60
    axes.plot([15, 655], [stream_y, stream_y], color=INK, linewidth=3)
    arrow(axes, (655, stream_y), (680, stream_y), color=INK, linewidth=3)
    axes.text(15, stream_y + 22, words["stream"], ha="left", va="center", fontsize=12)
    for left, part, inside, color in (
        (28, words["attention"], words["inside"][0], BLUE),
        (352, words["feed_forward"], words["inside"][1], GREEN),
    ):
        axes.plot([left, left, left + 16], [stream_y, branch_y, branch_y], color=MUTED)
        cell(axes, left + 16, branch_y - 17, 64, 34, words["norm"], color=GRAY)
        arrow(axes, (left + 80, branch_y), (left + 96, branch_y))
        cell(axes, left + 96, branch_y - 17, 106, 34, part, color=color)
        axes.text(left + 149, branch_y - 30, inside, ha="center", va="center", fontsize=10)
        arrow(axes, (left + 202, branch_y), (left + 218, branch_y))
        cell(axes, left + 218, branch_y - 17, 64, 34, words["norm"], color=ORANGE, strength=0.3)
        axes.plot([left + 282, left + 294], [branch_y, branch_y], color=MUTED)
        arrow(axes, (left + 294, branch_y), (left + 294, stream_y - 9))
        axes.text(left + 306, stream_y - 18, "+", ha="center", va="center", fontsize=16)
    return figure


@lru_cache
def influence(global_layers: tuple[int, ...], seed: int = 0) -> torch.Tensor:
    """Return how much the last token depends on each, after each layer: (L, T) gradients."""
    config = Gemma3Config(
        vocab_size=N_TOKENS, dim=16, n_layers=6, n_heads=2, n_kv_heads=1, hidden_dim=16,
        head_dim=8, window=WINDOW, global_layers=global_layers,
    )  # fmt: skip
    torch.manual_seed(seed)
    model = Gemma3(config)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=parameter.shape[-1] ** -0.5)
    start = model.embedding(torch.arange(N_TOKENS)[None]).detach().requires_grad_()
    x, rows = start, []
    for layer in model.blocks:
        x = layer(x, torch.arange(N_TOKENS))
        (gradient,) = torch.autograd.grad(x[0, -1].sum(), start, retain_graph=True)
        rows.append(gradient[0].norm(dim=-1))
    return torch.stack(rows)


def mean_influence(global_layers: tuple[int, ...]) -> torch.Tensor:
    """Return the mean over twenty random models, nearest token first."""
    return torch.stack([influence(global_layers, seed) for seed in range(20)]).mean(0).flip(-1)


def reach(language: str):
    """Draw the tokens that the last one depends on, a row for each layer."""
    words, rows = WORDS[language], (influence((5,)) > 0).tolist()
    figure, axes = canvas(
        690, 220, title=words["reach"],
        description=words["reach_description"].format(sum(rows[4])),
    )  # fmt: skip
    left, size, height = 130, 21, 30
    for layer, row in enumerate(rows):
        y = 12 + (len(rows) - 1 - layer) * height
        name, color = words["kinds"][layer == 5], ORANGE if layer == 5 else BLUE
        label = f"{words['layer'].format(layer + 1)}, {name}"
        axes.text(left - 10, y + 12, label, ha="right", va="center", fontsize=10.5)
        for i, heard in enumerate(row):
            if heard:
                cell(axes, left + size * i, y, size - 3, 24, color=color, strength=0.4)
            else:
                box(axes, left + size * i, y, size - 3, 24, linestyle=":", alpha=0.5)
        axes.text(left + size * 24 + 8, y + 12, str(sum(row)), va="center", fontsize=11)
    for i in (0, N_TOKENS - 1):
        axes.text(left + size * i + 9, 204, str(i), ha="center", va="center", fontsize=10)
    return figure


def fading(language: str):
    """Plot the influence by distance, after five windows and after the layer that sees all."""
    words, rows = WORDS[language], mean_influence((5,))
    figure, axes = canvas(
        600, 280, title=words["fading"], description=words["fading_description"], plot=True
    )
    for layer, style, color in ((4, "-o", BLUE), (5, "-s", ORANGE)):
        seen = rows[layer] > 0
        name = words["after"][layer - 4]
        axes.plot(range(int(seen.sum())), rows[layer][seen], style, color=color, markersize=4)
        end = (int(seen.sum()) - 1, rows[layer][seen][-1].item())
        place = ((8, 0), (0, 10))[layer - 4]
        axes.annotate(
            name, end, place, textcoords="offset points", va="center",
            ha=("left", "right")[layer - 4],
        )  # fmt: skip
    axes.set(yscale="log", xlabel=words["distance"], ylabel=words["influence"])
    axes.set_yticks([0.1, 1, 10, 100], ["0.1", "1", "10", "100"])
    axes.minorticks_off()
    axes.grid()
    return figure


def first(language: str) -> str:
    """Say what changes if the layer that sees everything comes first."""
    last, early = mean_influence((5,))[5], mean_influence((0,))[5]
    ratios = [(row[:4].mean() / row[16:].mean()).item() for row in (last, early)]
    if language == "en":
        return (
            "With the full layer at the end, the last token depends on the nearest four tokens "
            f"{ratios[0]:.0f} times as much as on those at a distance of 16 and more; with the full "
            f"layer first, {ratios[1]:.1f} times. Both have heard of all, but in the second model "
            "every token carries the whole text from the start, and the windows go on mixing what "
            "is mixed already: near and far are no longer told apart. These are random weights; "
            "training may use the order in other ways."
        )
    return (
        f"看全文的那层放在最后，最后一个词元依赖最近四个词元的程度，是依赖距离 16 以上那些的 {ratios[0]:.0f} 倍；"
        f"放在最前，是 {ratios[1]:.1f} 倍。两种都听说过全文，可后一种一开始就把全文塞进了每个词元，"
        "窗口再混，混的也是早已混过的东西，远近就分不出来了。这里的权重是随机的，训练过的模型未必如此。"
    )


def all_full(config: Gemma3Config) -> Gemma3Config:
    """Return the same sizes without any window."""
    return dataclasses.replace(config, global_layers=tuple(range(config.n_layers)))


def cache(language: str):
    """Plot the bytes of the cache of the 4B model by the length of the text."""
    words = WORDS[language]
    lengths = [256 * 2**power for power in range(10)]
    cases = (all_full(GEMMA_3_4B), GEMMA_3_4B)
    models = [on_meta(Gemma3, config) for config in cases]
    sizes = [[cache_bytes(model, n) / 1e9 for n in lengths] for model in models]
    weights = 2 * count_parameters(models[1]) / 1e9
    told = words["cache_description"].format(sizes[0][-1], sizes[1][-1], weights)
    figure, axes = canvas(640, 310, title=words["cache"], description=told, plot=True)
    styles = (("-o", ORANGE), ("-s", BLUE))
    for numbers, name, (style, color) in zip(sizes, words["lines"][:2], styles, strict=True):
        axes.plot(lengths, numbers, style, color=color, markersize=4)
        axes.annotate(
            name, (lengths[-1], numbers[-1]), (8, 0), textcoords="offset points", va="center"
        )
    axes.axhline(weights, color=MUTED, linestyle="--", linewidth=1)
    axes.annotate(words["lines"][2], (256, weights), (2, 6), textcoords="offset points")
    axes.set(xscale="log", yscale="log", xlabel=words["tokens"], ylabel=words["gigabytes"])
    axes.set_xticks([256, *LENGTHS], ["256", "1k", "8k", "32k", "128k"])
    axes.set_yticks([0.03, 0.1, 0.3, 1, 3, 10], ["0.03", "0.1", "0.3", "1", "3", "10"])
    axes.minorticks_off()
    axes.set_xlim(200, 1_600_000)
    axes.grid()
    return figure


def cache_table(language: str) -> str:
    """Table what two sizes keep, with and without windows."""
    rows = []
    for length in LENGTHS:
        numbers = [f"{length:,}" if language == "en" else str(length)]
        for config in (GEMMA_3_4B, GEMMA_3_27B):
            for case in (all_full(config), config):
                numbers.append(f"{cache_bytes(on_meta(Gemma3, case), length) / 1e9:.2f} GB")
        rows.append(numbers)
    return table(WORDS[language]["cache_head"], rows)


def shares(config: Gemma3Config) -> list[float]:
    """Return the share of the embedding, of all attentions, and of all feed-forward networks."""
    model = on_meta(Gemma3, config)
    parts = [
        count_parameters(model.embedding),
        sum(count_parameters(each.attention) for each in model.blocks),
        sum(count_parameters(each.feed_forward) for each in model.blocks),
    ]
    return [part / count_parameters(model) for part in parts]


def parts(language: str):
    """Draw a bar for each size, cut into the shares of its parts."""
    words = WORDS[language]
    found = {name: shares(config) for name, config in PRESETS.items()}
    told = "; ".join(
        f"{name} " + ", ".join(f"{a} {b:.0%}" for a, b in zip(words["names"], row, strict=True))
        for name, row in found.items()
    )
    figure, axes = canvas(
        690, 180, title=words["parts"], description=words["parts_description"].format(told)
    )
    for line, (name, row) in enumerate(found.items()):
        x, y = 60.0, 36 + 35 * line
        axes.text(x - 10, y + 13, name, ha="right", va="center")
        for share, color in zip(row, (PURPLE, BLUE, GREEN), strict=True):
            label = f"{share:.0%}" if share > 0.03 else ""
            cell(axes, x, y, 600 * share, 26, label, color=color, strength=0.3, size=10)
            x += 600 * share
    for x, name, color in zip((60, 240, 420), words["names"], (PURPLE, BLUE, GREEN), strict=True):
        cell(axes, x, 10, 14, 14, color=color, strength=0.3)
        axes.text(x + 22, 17, name, va="center", fontsize=10.5)
    return figure


def presets(language: str) -> str:
    """Return the table of the sizes, counted on the meta device."""
    columns = []
    for config in PRESETS.values():
        count = count_parameters(on_meta(Gemma3, config))
        sizes = [config.dim, config.head_dim, config.hidden_dim]
        context = [config.window, config.context_length, count]
        columns.append(
            [
                f"{config.n_layers}",
                f"{config.n_heads} / {config.n_kv_heads}",
                *(f"{size:,}" for size in sizes),
                f"{config.query_scale:.0f}",
                *(f"{size:,}" for size in context),
            ]
        )
    rows = [list(row) for row in zip(WORDS[language]["sizes"], *columns, strict=True)]
    return table(["", *(f"`GEMMA_3_{name}`" for name in PRESETS)], rows)


def chat(language: str) -> str:
    """Write a conversation as the model sees it."""
    return conversation("gemma3", WORDS[language]["chat"])


def diff(language: str) -> str:
    """Return the difference of the two blocks' sources."""
    return source_diff(Qwen3Block, Gemma3Block)


FIGURES = {
    "block": block,
    "reach": reach,
    "fading": fading,
    "first": first,
    "cache": cache,
    "cache_table": cache_table,
    "parts": parts,
    "presets": presets,
    "chat": chat,
    "diff": diff,
}
