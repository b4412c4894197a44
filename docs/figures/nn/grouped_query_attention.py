"""Figures and tables of the page nn/grouped_query_attention."""

import torch

from llm_book.exercises.nn.kv_cache_solution import cache_bytes
from llm_book.nn.grouped_query_attention import GroupedQueryAttention
from llm_book.publishing.figures import (
    BLUE,
    GRAY,
    GREEN,
    MUTED,
    ORANGE,
    canvas,
    cell,
    results,
    table,
)

MODELS = [  # name, layers, width, query heads, key-value heads, width of a head
    ("Falcon 7B", 32, 4544, 71, 1, 64),
    ("Gemma 3 270M", 18, 640, 4, 1, 256),
    ("ChatGLM3 6B", 28, 4096, 32, 2, 128),
    ("Qwen3 0.6B", 28, 1024, 16, 8, 128),
    ("Llama 3.1 8B", 32, 4096, 32, 8, 128),
    ("Llama 2 70B", 80, 8192, 64, 8, 128),
    ("Llama 3.1 405B", 126, 16_384, 128, 8, 128),
]
WORDS = {
    "en": {
        "caches": "Eight query heads over eight, two, and one head of keys",
        "caches_description": (
            "Three panels. On the left in each stand eight query heads, on the right the keys of "
            "six tokens. In the first panel every query head has a row of keys of its own, 48 "
            "keys. In the second, query heads 0 to 3 point to one row and 4 to 7 to another, 12 "
            "keys. In the third, all eight point to a single row of 6 keys."
        ),
        "panels": ("K = 8: multi-head", "K = 2: grouped-query", "K = 1: multi-query"),
        "queries": "queries",
        "keys": "keys of 6 tokens",
        "count": "{} keys in the cache",
        "steps": "Milliseconds of a step of one layer",
        "steps_description": (
            "Two charts of horizontal bars, for one row and for eight rows. In each stand three "
            "lengths, and for every length three bars with 32, 8, and 1 key-value heads. A bar "
            "has two parts, projections and attention. Fewer key-value heads make both shorter; "
            "with the length only the attention grows."
        ),
        "rows": ("one row", "eight rows"),
        "milliseconds": "milliseconds",
        "projections": "projections",
        "attention": "attention over the cache",
        "bar": "K = {}",
        "length": "{:,} tokens",
        "head": ["model", "$L$", "$C$", "$H$", "$K$", "$D$", "bytes a token", "with $K = H$"],
        "hand": [
            "query head",
            "query",
            "key-value head",
            "its keys",
            "weights",
            "its values",
            "result",
        ],
    },
    "zh": {
        "caches": "八个查询头，分别配八个、两个、一个键头",
        "caches_description": (
            "三张小图，左边都是八个查询头，右边是六个词元的键。第一张里每个查询头各有一行键，一共 48 个；"
            "第二张里查询头 0 到 3 连着一行，4 到 7 连着另一行，一共 12 个；第三张里八个都连着同一行，只有 6 个键。"
        ),
        "panels": ("K = 8：多头", "K = 2：分组查询", "K = 1：多查询"),
        "queries": "查询",
        "keys": "六个词元的键",
        "count": "缓存里有 {} 个键",
        "steps": "一层走一步用多少毫秒",
        "steps_description": (
            "两张横条图，一张是一行文本，一张是八行。每张有三种长度，每种长度三条，键值头分别是 32、8、1 个。"
            "每条分成两段：投影和注意力。键值头少了，两段都变短；文本长了，只有注意力变长。"
        ),
        "rows": ("一行文本", "八行文本"),
        "milliseconds": "毫秒",
        "projections": "投影",
        "attention": "在缓存上做注意力",
        "bar": "K = {}",
        "length": "{} 个词元",
        "head": ["模型", "$L$", "$C$", "$H$", "$K$", "$D$", "每词元字节数", "若 $K = H$"],
        "hand": ["查询头", "查询", "键值头", "它的键", "权重", "它的值", "结果"],
    },
}


def caches(language: str):
    """Draw which query heads meet which keys, for three numbers of key-value heads."""
    words = WORDS[language]
    figure, axes = canvas(690, 284, title=words["caches"], description=words["caches_description"])
    torch.manual_seed(3)
    x, size, top = torch.randn(1, 6, 16), 23, 62
    for panel, (n_kv_heads, colors) in enumerate(
        ((8, [BLUE] * 8), (2, [BLUE, ORANGE]), (1, [GREEN]))
    ):
        left = 6 + 232 * panel
        layer = GroupedQueryAttention(16, 8, n_kv_heads)
        keys = layer.k_proj(x).unflatten(-1, layer.kv_shape)[0].norm(dim=-1)  # (S, K)
        axes.text(left + 106, 14, words["panels"][panel], ha="center", va="center", fontsize=12)
        axes.text(
            left + 13, 42, words["queries"], ha="left", va="center", fontsize=9.5, color=MUTED
        )
        axes.text(
            left + 138, 42, words["keys"], ha="center", va="center", fontsize=9.5, color=MUTED
        )
        group = 8 // n_kv_heads
        for h in range(8):
            color, y = colors[h // group], top + size * (h + 0.5)
            row = top + size * group * (h // group + 0.5)
            axes.plot([left + 34, left + 66], [y, row], color=color, linewidth=1.2)
            cell(axes, left + 8, y - 10, 26, 20, str(h), color=color, strength=0.3, size=10)
        for k in range(n_kv_heads):
            y = top + size * group * (k + 0.5)
            for s, length in enumerate(keys[:, k].tolist()):
                strength = min(0.9, 0.12 + 0.6 * length)
                place = (left + 68 + 24 * s, y - 10, 22, 20)
                cell(axes, *place, color=colors[k], strength=strength)
        count = words["count"].format(6 * n_kv_heads)
        axes.text(left + 106, 266, count, ha="center", va="center", fontsize=11)
    return figure


def steps(language: str):
    """Plot the time of a step, in two parts."""
    words = WORDS[language]
    figure, axes = canvas(
        690, 380, title=words["steps"], description=words["steps_description"], plot=True
    )
    axes.remove()
    data = results("nn/grouped_query_attention")["results"]["steps"]
    for axes, n_rows, title in zip(figure.subplots(1, 2), (1, 8), words["rows"], strict=True):
        shown = [step for step in data if step["rows"] == n_rows]
        places, names = [], []
        for i, step in enumerate(shown):
            y = i + 1.3 * (i // 3)
            if i % 3 == 0:
                text = words["length"].format(step["length"])
                place = {"xy": (0, y - 0.85), "xytext": (5, 0), "textcoords": "offset points"}
                axes.annotate(text, **place, va="center", color=MUTED, fontsize=10)
            parts = (step["projection_milliseconds"],
                     step["milliseconds"] - step["projection_milliseconds"])  # fmt: skip
            axes.barh(y, parts[0], color=GRAY, alpha=0.55, label=words["projections"])
            axes.barh(y, parts[1], left=parts[0], color=BLUE, label=words["attention"])
            places.append(y)
            names.append(words["bar"].format(step["n_kv_heads"]))
        axes.set_yticks(places, names)
        axes.tick_params(axis="y", length=0)
        axes.set(title=title, xlabel=words["milliseconds"], ylim=(places[-1] + 0.7, -1.5))
        axes.grid(axis="x")
        axes.set_axisbelow(True)
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles[:2], labels[:2], loc="outside lower center", ncols=2)
    return figure


def plain(text: str, language: str) -> str:
    """Take the separators out of numbers where the language does not use them."""
    return text if language == "en" else text.replace(",", "")


def sizes(language: str) -> str:
    """Table the heads of published models and the bytes they keep, two a number."""
    rows = []
    for name, n_layers, dim, n_heads, n_kv_heads, head_dim in MODELS:
        kept, without = (
            cache_bytes(n_layers, heads, head_dim, 1, bytes_per_number=2)
            for heads in (n_kv_heads, n_heads)
        )
        numbers = [n_layers, dim, n_heads, n_kv_heads, head_dim, kept, without]
        rows.append([name, *(plain(f"{number:,}", language) for number in numbers)])
    return table(WORDS[language]["head"], rows)


def hand(language: str) -> str:
    """Table the four queries of the second token."""
    comma, rows = ", ", []
    keys, names = torch.tensor([[1.0, 3.0], [1.0, 2.0]]).log(), ("0, ln 3", "0, ln 2")
    values = torch.tensor([[0.0, 20.0], [0.0, 9.0]])
    for head, query in enumerate((1, 2, 1, 3)):
        k = head // 2
        weights = (query * keys[k]).softmax(0)
        total = (1 + 3**query, 1 + 2**query)[k]
        shares = comma.join(f"{round(float(w) * total)}/{total}" for w in weights)
        result = f"{float(weights @ values[k]):.0f}"
        mine = comma.join(f"{value:.0f}" for value in values[k].tolist())
        rows.append([str(head), str(query), str(k), names[k], shares, mine, result])
    return table(WORDS[language]["hand"], rows)


def at(n_rows: int, length: int) -> dict[int, dict]:
    """Return the measured steps of one setting by their number of key-value heads."""
    data = results("nn/grouped_query_attention")["results"]["steps"]
    return {s["n_kv_heads"]: s for s in data if (s["rows"], s["length"]) == (n_rows, length)}


def attention(step: dict) -> float:
    """Return the milliseconds outside the projections."""
    return step["milliseconds"] - step["projection_milliseconds"]


def measured(language: str) -> str:
    """Say what the bars show."""
    short, long = at(1, 512), at(8, 8192)
    share_short, share_long = (attention(s[32]) / s[32]["milliseconds"] for s in (short, long))
    whole = [long[32]["milliseconds"] / long[k]["milliseconds"] for k in (8, 1)]
    fewer = long[32]["cache_bytes"] / long[8]["cache_bytes"]
    faster = attention(long[32]) / attention(long[8])
    memory = [long[k]["cache_bytes"] / 1e6 for k in (32, 8, 1)]
    if language == "en":
        return (
            f"With 32 key-value heads, attention is {share_short:.0%} of a step at one row of 512 "
            f"tokens, and {share_long:.0%} at eight rows of 8,192. There the cache of the layer "
            f"takes {memory[0]:,.0f} MB with $K = 32$, {memory[1]:,.0f} MB with $K = 8$, and "
            f"{memory[2]:,.0f} MB with $K = 1$, and the step is {whole[0]:.1f} and {whole[1]:.1f} "
            f"times as fast as with 32. The bytes shrink by {fewer:.0f} from 32 heads to 8, the "
            f"time of the attention by {faster:.1f}."
        )
    return (
        f"键值头有 32 个时，一行 512 个词元，注意力占一步的 {share_short:.0%}；八行 8192 个词元，占 {share_long:.0%}。"
        f"这时一层的缓存在 $K = 32$ 时是 {memory[0]:.0f} MB，$K = 8$ 时 {memory[1]:.0f} MB，$K = 1$ 时 "
        f"{memory[2]:.0f} MB；后两种走一步的速度是 32 个头的 {whole[0]:.1f} 倍和 {whole[1]:.1f} 倍。"
        f"从 32 个头到 8 个头，字节只剩 1/{fewer:.0f}，注意力却只快到原来的 {faster:.1f} 倍。"
    )


def ways(language: str) -> str:
    """Say what the three ways to share cost."""
    entry = results("nn/grouped_query_attention")["results"]["ways"]
    repeated, shared, joined = (
        entry["milliseconds"][name] for name in ("repeated", "enable_gqa", "by_group")
    )
    if language == "en":
        return (
            f"At {entry['length']:,} tokens and one row, copying the heads first takes "
            f"{repeated:.0f} ms, `enable_gqa` {shared:.0f} ms, and one matrix for each group "
            f"{joined:.1f} ms."
        )
    return (
        f"一行 {entry['length']} 个词元，先把头抄成多份，要 {repeated:.0f} 毫秒；用 `enable_gqa` 要 {shared:.0f} 毫秒；"
        f"每组拼成一个矩阵，只要 {joined:.1f} 毫秒。"
    )


def parameters(language: str) -> str:
    """Say how many parameters a layer saves."""
    count = results("nn/grouped_query_attention")["results"]["parameters"]
    millions = [count[k] / 1e6 for k in ("32", "8", "1")]
    if language == "en":
        return (
            f"Fewer heads also save parameters: a layer as wide as in Llama 3.1 8B has "
            f"{millions[0]:.1f} million with $K = 32$, {millions[1]:.1f} million with $K = 8$, and "
            f"{millions[2]:.1f} million with $K = 1$."
        )
    tens = [round(100 * number) for number in millions]
    return (
        f"头少了，参数也少：和 Llama 3.1 8B 一样宽的一层，$K = 32$ 时有 {tens[0]} 万个，$K = 8$ 时 "
        f"{tens[1]} 万个，$K = 1$ 时 {tens[2]} 万个。"
    )


FIGURES = {
    "caches": caches,
    "hand": hand,
    "sizes": sizes,
    "steps": steps,
    "measured": measured,
    "ways": ways,
    "parameters": parameters,
}
