"""Figures and tables of the page models/llama."""

import dataclasses

import torch
from torch import nn

from llm_book.models.causal_lm import count_parameters
from llm_book.models.gpt2 import GPT2, GPT2_1_5B, GPT2Block
from llm_book.models.llama import (
    LLAMA_2_7B,
    LLAMA_3_1_8B,
    LLAMA_3_2_1B,
    LLAMA_3_8B,
    Llama,
    LlamaBlock,
    LlamaConfig,
)
from llm_book.nn.feed_forward import FeedForward
from llm_book.nn.gated_feed_forward import GatedFeedForward
from llm_book.nn.grouped_query_attention import GroupedQueryAttention
from llm_book.nn.layer_norm import LayerNorm
from llm_book.nn.multi_head_attention import MultiHeadAttention
from llm_book.nn.rms_norm import RMSNorm
from llm_book.nn.rotary_embedding import RotaryEmbedding
from llm_book.publishing.figures import (
    GRAY,
    INK,
    MUTED,
    ORANGE,
    arrow,
    canvas,
    cell,
    results,
    source_diff,
    table,
)
from llm_book.publishing.models import on_meta

MODELS = {
    "GPT-2 1.5B": (GPT2, GPT2_1_5B),
    "Llama 2 7B": (Llama, LLAMA_2_7B),
    "Llama 3 8B": (Llama, LLAMA_3_8B),
    "Llama 3.2 1B": (Llama, LLAMA_3_2_1B),
}
WORDS = {
    "en": {
        "blocks": "A block of GPT-2 and a block of Llama",
        "description": (
            "Two columns of the same parts, from bottom to top: position table, norm, attention, "
            "sum, norm, feed-forward, sum. Marked as exchanged in Llama: no table, RMSNorm, "
            "queries and keys turned by position, shared keys and values, and a gate."
        ),
        "gpt2": [
            "position table", "LayerNorm",
            "attention\nqueries and keys as they are\n12 heads, 12 pairs of keys and values",
            "LayerNorm", "feed-forward\ntwo matrices, GELU, 4C wide",
        ],
        "llama": [
            "no table", "RMSNorm",
            "attention\nqueries and keys turned by position\n32 heads, 8 pairs of keys and values",
            "RMSNorm", "feed-forward\nthree matrices, a gate, 3.5C wide",
        ],
        "head": ["", *MODELS],
        "rows": [
            "vocabulary", "context", "width C", "blocks", "heads / key-value heads",
            "hidden width", "base of rotation", "slowed by", "tied head", "parameters",
        ],
        "none": "none",
        "costs": ["one block of width 4,096", "parameters", "cache, bytes a token"],
        "exchanges": [
            "as in GPT-2", "RMSNorm, and no biases", "a gate, hidden width 11,008",
            "8 key-value heads instead of 32", "hidden width 14,336",
        ],
        "yes": "yes",
        "no": "no",
    },
    "zh": {
        "blocks": "GPT-2 的一个块和 Llama 的一个块",
        "description": (
            "两列同样的部件，从下往上：位置表、归一化、注意力、相加、归一化、前馈网络、相加。Llama 换掉的标了颜色："
            "没有位置表，RMSNorm，查询和键按位置旋转，几个头共用键和值，还有门。"
        ),
        "gpt2": [
            "位置表", "LayerNorm", "注意力\n查询和键原样相乘\n12 个头，12 组键和值",
            "LayerNorm", "前馈网络\n两个矩阵，GELU，宽 4C",
        ],
        "llama": [
            "没有表", "RMSNorm", "注意力\n查询和键按位置旋转\n32 个头，8 组键和值",
            "RMSNorm", "前馈网络\n三个矩阵，带门，宽 3.5C",
        ],
        "head": ["", *MODELS],
        "rows": [
            "词表", "上下文长度", "宽度 C", "块数", "头数 / 键值头数", "中间宽度", "旋转的基数",
            "放慢倍数", "绑定输出层", "参数",
        ],
        "none": "没有",
        "costs": ["宽 4,096 的一个块", "参数", "缓存，每词元字节"],
        "exchanges": [
            "照 GPT-2 的样子", "换成 RMSNorm，不要偏置", "装上门，中间宽 11,008",
            "键值头从 32 个减到 8 个", "中间放宽到 14,336",
        ],
        "yes": "是",
        "no": "否",
    },
}  # fmt: skip


def blocks(language: str):
    """Draw the two blocks side by side, from the stream below to the stream above."""
    words = WORDS[language]
    figure, axes = canvas(690, 440, title=words["blocks"], description=words["description"])
    # What each part says, its top, its height; then where its result joins the stream.
    places = ((382, 34), (318, 34), (226, 66), (150, 34), (74, 50))
    for column, (name, title) in enumerate((("gpt2", "GPT-2 124M"), ("llama", "Llama 3 8B"))):
        stream, left, width = 40 + 355 * column, 85 + 355 * column, 230
        middle = left + width / 2
        axes.text(middle, 18, title, ha="center", va="center", fontsize=13)
        arrow(axes, (stream, 425), (stream, 30), color=INK, linewidth=3)
        for place, ((top, height), text) in enumerate(zip(places, words[name], strict=True)):
            color = ORANGE if column and place != 2 else GRAY
            lines = text.split("\n")
            cell(axes, left, top, width, height, color=color, strength=0.2)
            for number, line in enumerate(lines):
                changed = column == 1 and number > 0
                y = top + height * (number + 0.6) / (len(lines) + 0.2)
                axes.text(middle, y, line, ha="center", va="center",
                          fontsize=11 if number == 0 else 10,
                          color=ORANGE if changed and place == 2 else INK)  # fmt: skip
        if column == 0:
            arrow(axes, (left, 399), (stream + 4, 399))
        for norm, part, joined in ((318, 226, 202), (150, 74, 52)):
            height = 66 if part == 226 else 50
            arrow(axes, (stream, norm + 17), (left, norm + 17))
            arrow(axes, (middle, norm), (middle, part + height))
            axes.plot([middle, middle], [part, joined], color=MUTED, linewidth=1.2)
            arrow(axes, (middle, joined), (stream + 4, joined))
            axes.text(stream - 16, joined, "+", ha="center", va="center", fontsize=16)
    return figure


def family(language: str) -> str:
    """Table the sizes of the family, read from the presets."""
    words = WORDS[language]
    columns = []
    for model_class, config in MODELS.values():
        scaling = getattr(config, "rope_scaling", None) or {}
        kv_heads = getattr(config, "n_kv_heads", config.n_heads)
        theta = getattr(config, "rope_theta", None)
        numbers = [config.vocab_size, config.context_length, config.dim, config.n_layers]
        columns.append(
            [
                *(f"{number:,}" for number in numbers),
                f"{config.n_heads} / {kv_heads}",
                f"{config.hidden_dim or 4 * config.dim:,}",
                f"{theta:,.0f}" if theta else words["none"],
                f"{scaling['factor']:.0f}" if scaling else "–",
                words["yes" if config.tie_embeddings else "no"],
                f"{count_parameters(on_meta(model_class, config)):,}",
            ]
        )
    rows = [list(row) for row in zip(words["rows"], *columns, strict=True)]
    return table(words["head"], rows)


def exchanges(language: str) -> str:
    """Table what each exchange does to one block of the width 4,096, and to its cache."""
    words = WORDS[language]
    width, heads = 4096, 32

    def block(norm, attention, feed_forward):
        parts = nn.ModuleList([norm(width), attention, feed_forward, norm(width)])
        cache = attention.make_cache(1, 1, dtype=torch.bfloat16, device="meta")
        return count_parameters(parts), cache.bytes_per_token

    rotary = RotaryEmbedding(width // heads)
    shared = {"n_heads": heads, "rotary": rotary}
    with torch.device("meta"):
        plain = MultiHeadAttention(width, heads)
        own = GroupedQueryAttention(width, n_kv_heads=heads, **shared)
        few = GroupedQueryAttention(width, n_kv_heads=8, **shared)
        thin = FeedForward(width, 4 * width)
        bare = FeedForward(width, 4 * width)
        bare.up_proj.bias = bare.down_proj.bias = None
        blocks = [
            block(LayerNorm, plain, thin),
            block(RMSNorm, own, bare),
            block(RMSNorm, own, GatedFeedForward(width, 11_008)),
            block(RMSNorm, few, GatedFeedForward(width, 11_008)),
            block(RMSNorm, few, GatedFeedForward(width, 14_336)),
        ]
    rows = [
        [name, f"{parameters:,}", f"{cached:,}"]
        for name, (parameters, cached) in zip(words["exchanges"], blocks, strict=True)
    ]
    return table(words["costs"], rows)


def step(older: LlamaConfig, newer: LlamaConfig, names: tuple[str, str]) -> str:
    """Return what changes from one preset to another, as a diff of their fields."""
    lines = ["```diff", f"- {names[0]}", f"+ {names[1]}"]
    for field in dataclasses.fields(LlamaConfig):
        before, after = (show(field.name, getattr(config, field.name)) for config in (older, newer))
        lines += [f"- {line}" for line in before if line not in after]
        lines += [f"+ {line}" for line in after if line not in before]
    return "\n".join([*lines, "```"])


def show(name: str, value) -> list[str]:
    """Write a field of a config, a line for each number in it."""
    if isinstance(value, dict):
        return [line for key, part in value.items() for line in show(f'{name}["{key}"]', part)]
    return [f"{name} = {value:_}" if type(value) in (int, float) else f"{name} = {value!r}"]


def step_3(language: str) -> str:
    """Return the step from Llama 2 to Llama 3."""
    return step(LLAMA_2_7B, LLAMA_3_8B, ("LLAMA_2_7B", "LLAMA_3_8B"))


def step_3_1(language: str) -> str:
    """Return the step from Llama 3 to Llama 3.1."""
    return step(LLAMA_3_8B, LLAMA_3_1_8B, ("LLAMA_3_8B", "LLAMA_3_1_8B"))


def step_3_2(language: str) -> str:
    """Return the step from Llama 3.1 8B to Llama 3.2 1B."""
    return step(LLAMA_3_1_8B, LLAMA_3_2_1B, ("LLAMA_3_1_8B", "LLAMA_3_2_1B"))


SPEED = {
    "en": {
        "head": ["one token", "32 tokens before it", "1,000 tokens before it"],
        "names": {
            "ours": "{family}, ours",
            "torch.mv": "{family}, only its products",
            "ours with oneDNN": "{family}, ours after `use_onednn`",
            "oneDNN": "{family}, only its products, oneDNN",
            "transformers": "{family}, transformers",
        },
        "unit": "ms",
        "peers": (
            "After `use_onednn`, transformers needs {llama_short} and {llama_long} times our time for a "
            "token of Llama, behind 32 and 1,000 tokens, and {qwen_short} and {qwen_long} times for one of "
            "Qwen3. In plain float32 {plain}: both wait for the same products of PyTorch. Of the time of a "
            "token behind 32 tokens, the products alone are {share_llama} for Llama and {share_qwen} "
            "for Qwen3. The rest are hundreds of small calls: norms, rotations, masks, sums."
        ),
        "between": "it is {low} to {high} times",
    },
    "zh": {
        "head": ["一个词元", "前面有 32 个", "前面有 1,000 个"],
        "names": {
            "ours": "{family}，我们的",
            "torch.mv": "{family}，只做乘法",
            "ours with oneDNN": "{family}，我们的，`use_onednn` 之后",
            "oneDNN": "{family}，只做乘法，oneDNN",
            "transformers": "{family}，transformers",
        },
        "unit": "毫秒",
        "peers": (
            "调用 `use_onednn` 之后，前面有 32 个和 1,000 个词元时，Llama 的一个词元，transformers 用的时间是我们的 "
            "{llama_short} 倍和 {llama_long} 倍，Qwen3 是 {qwen_short} 倍和 {qwen_long} 倍。不调用的话{plain}，两边等的是 "
            "PyTorch 同样的乘法。前面有 32 个词元时，光是乘法就占 Llama 一个词元的 {share_llama}，Qwen3 的 {share_qwen}。"
            "剩下的是几百次小调用：归一化、旋转、掩码、相加。"
        ),
        "between": "是 {low} 到 {high} 倍",
    },
}


def speed(language: str) -> str:
    """Table the times of a token and of its products."""
    words = SPEED[language]
    rows = []
    for family, entry in results("models/llama")["results"].items():
        times = [entry["decoding"][context]["milliseconds"] for context in ("32", "1000")]
        for name, text in words["names"].items():
            cells = [f"{took[name]:.1f} {words['unit']}" for took in times]
            rows.append([text.format(family=family), *cells])
    return table(words["head"], rows)


def peers(language: str) -> str:
    """Say how we stand beside transformers, and where the time goes."""
    words, entry = SPEED[language], results("models/llama")["results"]
    fast = "ours with oneDNN"
    faster = {
        (family, context): entry[family]["decoding"][context]["faster_than_transformers"]
        for family in entry
        for context in ("32", "1000")
    }
    plain = sorted(times["ours"] for times in faster.values())
    share = {name: entry[name]["decoding"]["32"]["share_of_limit"][fast] for name in entry}
    return words["peers"].format(
        llama_short=f"{faster['Llama', '32'][fast]:.1f}",
        llama_long=f"{faster['Llama', '1000'][fast]:.1f}",
        qwen_short=f"{faster['Qwen3', '32'][fast]:.1f}",
        qwen_long=f"{faster['Qwen3', '1000'][fast]:.1f}",
        plain=words["between"].format(low=f"{plain[0]:.2f}", high=f"{plain[-1]:.2f}"),
        share_llama=f"{share['Llama']:.0%}",
        share_qwen=f"{share['Qwen3']:.0%}",
    )


def diff(language: str) -> str:
    """Return the difference of the two blocks, as it stands in the package."""
    return source_diff(GPT2Block, LlamaBlock)


FIGURES = {
    "blocks": blocks,
    "diff": diff,
    "exchanges": exchanges,
    "family": family,
    "peers": peers,
    "speed": speed,
    "step_3": step_3,
    "step_3_1": step_3_1,
    "step_3_2": step_3_2,
}
