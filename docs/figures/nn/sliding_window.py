"""Figures and tables of the page nn/sliding_window."""

import torch
from torch import nn

from llm_book.exercises.nn.kv_cache_solution import cache_bytes
from llm_book.nn.grouped_query_attention import GroupedQueryAttention
from llm_book.nn.self_attention import causal_mask
from llm_book.publishing.figures import (
    BLUE,
    GRAY,
    GREEN,
    MUTED,
    ORANGE,
    RED,
    box,
    canvas,
    cell,
    results,
    table,
)

TOKENS = {
    "en": ["The", "fox", "found", "jam", ";", "it", "grinned", "and", "ran", "home", "with", "it"],
    "zh": ["狐狸", "找到", "果酱", "，", "它", "笑了", "，", "带", "回家", "慢慢", "吃", "。"],
}
STYLES = {
    "softmax": (GRAY, "-^"), "mask": (ORANGE, "-s"), "causal": (GREEN, "--D"), "blocks": (BLUE, "-o"),
}  # fmt: skip
MODELS = [  # name, layers with a window, layers without, heads, width of a head, window, tokens
    ("Mistral 7B", 32, 0, 8, 128, 4096, 8192),
    ("OLMo 3 7B", 24, 8, 32, 128, 4096, 65_536),
    ("Gemma 3 4B", 29, 5, 4, 256, 1024, 131_072),
    ("Gemma 3 27B", 52, 10, 16, 128, 1024, 131_072),
]
WORDS = {
    "en": {
        "blocks": "Scores of twelve tokens with a window of four, all and in blocks",
        "blocks_description": (
            "Two grids, a row for each query and a column for each key. On the left all 144 scores "
            "are computed and 42 are seen, a band along the diagonal. On the right three blocks of "
            "4 by 8 cover the band with 96 scores; the first has four keys of nothing."
        ),
        "all": "all: {} scores, {} seen",
        "cut": "in blocks: {} scores, {} seen",
        "seen": "seen",
        "hidden": "computed and hidden",
        "nothing": "no token",
        "reach": "What the last token depends on, layer by layer, with a window of four",
        "reach_description": (
            "Five rows of sixteen tokens. In the top row, the result of the fourth layer, only the "
            "last token is marked. In each row below three more to the left are, down to token 3 "
            "in the input. The colors are fainter the further away."
        ),
        "result": "after layer {}",
        "input": "input",
        "curve": "Time of attention with a window of {}, against the length",
        "curve_description": (
            "Four curves against the number of tokens, both axes logarithmic. Those that compute "
            "all scores climb with the square of the length. Attention in blocks climbs with the "
            "length and is the lowest for long texts."
        ),
        "tokens": "tokens",
        "milliseconds": "milliseconds",
        "softmax": "softmax, mask",
        "mask": "one call, mask",
        "causal": "one call, no window",
        "ways_blocks": "blocks",
        "memory_head": "{:,} tokens",
        "ways": "MB",
        "head": [
            "model",
            "layers with a window",
            "without",
            "$W$",
            "tokens",
            "GB, no windows",
            "GB",
        ],
    },
    "zh": {
        "blocks": "十二个词元，窗口为 4：分数全算，和分块来算",
        "blocks_description": (
            "两张格子图，一行是一个查询，一列是一个键。左边算了 144 个分数，看得见的只有沿对角线的 42 个；"
            "右边三块，每块 4 行 8 列，共 96 个分数，第一块有四列没有词元。"
        ),
        "all": "全算：{} 个分数，看得见 {} 个",
        "cut": "分块：{} 个分数，看得见 {} 个",
        "seen": "看得见",
        "hidden": "算了又遮住",
        "nothing": "没有词元",
        "reach": "窗口为 4，最后一个词元一层一层能依赖到哪里",
        "reach_description": (
            "五行，每行十六个词元。最上面是第四层的结果，只标了最后一个词元；每往下一行，左边多标三个，"
            "到输入那一行，一直标到词元 3。离得越远，颜色越淡。"
        ),
        "result": "第 {} 层之后",
        "input": "输入",
        "curve": "窗口为 {}，注意力的时间随长度变化",
        "curve_description": (
            "横轴是词元数，纵轴是毫秒，两轴都是对数刻度。把分数全算的几条，随长度的平方上升；分块的随长度上升，"
            "文本长时最低。"
        ),
        "tokens": "词元数",
        "milliseconds": "毫秒",
        "softmax": "softmax 加掩码",
        "mask": "一次调用加掩码",
        "causal": "一次调用，无窗口",
        "ways_blocks": "分块",
        "memory_head": "{} 个词元",
        "ways": "MB",
        "head": [
            "模型",
            "有窗口的层",
            "没有窗口的层",
            "$W$",
            "词元数",
            "若都没有窗口（GB）",
            "实际（GB）",
        ],
    },
}


def grid(axes, left: float, top: float, columns: range, computed, mask, size: float) -> None:
    """Draw which scores are computed, and which of those are seen."""
    for query in range(len(mask)):
        for key in columns:
            x, y = left + size * (key - columns.start) + 1, top + size * query + 1
            if key >= 0 and mask[query, key]:
                cell(axes, x, y, size - 2, size - 2, strength=0.55)
            elif computed(query, key):
                color, style = (MUTED, "-") if key >= 0 else (RED, ":")
                box(axes, x, y, size - 2, size - 2, edgecolor=color, linestyle=style, linewidth=0.8)


def blocks(language: str):
    """Draw the scores of twelve tokens, all of them and in blocks of four."""
    words, tokens, window = WORDS[language], TOKENS[language], 4
    n, size, top = len(tokens), 19, 58
    figure, axes = canvas(
        690, top + n * size + 40, title=words["blocks"], description=words["blocks_description"]
    )
    positions = torch.arange(n)
    mask = causal_mask(positions, positions, window)
    seen = int(mask.sum())
    panels = (
        (76, range(n), "all", lambda query, key: True),
        (
            366, range(-window, n), "cut",
            lambda query, key: query // window - 1 <= key // window <= query // window,
        ),
    )  # fmt: skip
    for left, columns, name, computed in panels:
        total = sum(computed(query, key) for query in range(n) for key in columns)
        middle = left + size * len(columns) / 2
        axes.text(middle, 14, words[name].format(total, seen), ha="center", va="center")
        grid(axes, left, top, columns, computed, mask, size)
        for key in range(n):
            x = left + size * (key - columns.start + 0.5)
            axes.text(x, top - 10, str(key), ha="center", va="center", color=MUTED, fontsize=9)
    for query, token in enumerate(tokens):
        y = top + size * (query + 0.5)
        axes.text(70, y, f"{token}  {query}", ha="right", va="center", fontsize=10)
    for x, name in ((76, "seen"), (226, "hidden"), (446, "nothing")):
        y = top + n * size + 16
        if name == "seen":
            cell(axes, x, y, 17, 15, strength=0.55)
        else:
            color, style = (MUTED, "-") if name == "hidden" else (RED, ":")
            box(axes, x, y, 17, 15, edgecolor=color, linestyle=style, linewidth=0.8)
        axes.text(x + 25, y + 8, words[name], va="center", fontsize=10)
    return figure


def influence(n_layers: int, length: int, window: int) -> list[torch.Tensor]:
    """Return how much the last token depends on each token, for every layer's input."""
    torch.manual_seed(0)
    x, positions = torch.randn(8, length, 12, requires_grad=True), torch.arange(length)
    layers = nn.ModuleList(GroupedQueryAttention(12, 3, 3, window=window) for _ in range(n_layers))
    states = [x]
    for layer in layers:
        states.append(states[-1] + layer(states[-1], positions))
    gradients = torch.autograd.grad(states[-1][:, -1].square().sum(), states)
    return [gradient.norm(dim=-1).mean(0) for gradient in gradients]


def reach(language: str):
    """Draw which tokens the last one depends on, from the gradients of real layers."""
    words, window, n_layers, length = WORDS[language], 4, 4, 16
    left, top, width, height = 110, 34, 35, 34
    figure, axes = canvas(
        left + length * width + 10, top + 5 * height + 6, title=words["reach"],
        description=words["reach_description"],
    )  # fmt: skip
    for token in range(length):
        place = (left + width * (token + 0.5), 18)
        axes.text(*place, str(token), ha="center", va="center", color=MUTED)
    found = influence(n_layers, length, window)
    for row, sizes in enumerate(reversed(found)):
        y, layer = top + height * row, n_layers - row
        label = words["result"].format(layer) if layer else words["input"]
        axes.text(left - 12, y + height / 2, label, ha="right", va="center")
        for token, size in enumerate((sizes / sizes.max()).tolist()):
            place = (left + width * token + 2, y + 2, width - 4, height - 4)
            if size > 0:
                cell(axes, *place, strength=round(0.08 + 0.72 * size**0.4, 2))
            else:
                box(axes, *place, linestyle=":", linewidth=0.7)
    return figure


def name_of(way: str, language: str) -> str:
    """Return the name of a way to compute in the reader's language."""
    return WORDS[language]["ways_blocks" if way == "blocks" else way]


def curve(language: str):
    """Plot the measured time against the length."""
    words, entry = WORDS[language], results("nn/sliding_window")["results"]
    figure, axes = canvas(
        670, 340, title=words["curve"].format(entry["window"]),
        description=words["curve_description"], plot=True,
    )  # fmt: skip
    for way, (color, style) in STYLES.items():
        rows = [row for row in entry["lengths"] if way in row["seconds"]]
        lengths = [row["length"] for row in rows]
        times = [1000 * row["seconds"][way] for row in rows]
        axes.plot(lengths, times, style, color=color, markersize=4)
        axes.annotate(
            name_of(way, language), (lengths[-1], times[-1]), (9, 0), textcoords="offset points",
            va="center", color=color,
        )  # fmt: skip
    lengths = [row["length"] for row in entry["lengths"]]
    axes.set(xscale="log", yscale="log", xlabel=words["tokens"], ylabel=words["milliseconds"])
    axes.set_xticks(lengths, [str(length) for length in lengths])
    axes.set_yticks([10, 100, 1000], ["10", "100", "1000"])
    axes.minorticks_off()
    axes.set_xlim(450, 26_000)
    axes.grid()
    return figure


def memory(language: str) -> str:
    """Table the measured peaks of memory."""
    words, entry = WORDS[language], results("nn/sliding_window")["results"]
    rows = []
    for way in STYLES:
        peaks = [row["peak_bytes"].get(way) for row in entry["lengths"]]
        rows.append(
            [
                name_of(way, language),
                *("–" if peak is None else f"{peak / 1e6:,.0f}" for peak in peaks),
            ]
        )
    heads = [words["memory_head"].format(row["length"]) for row in entry["lengths"]]
    text = table([words["ways"], *heads], rows)
    return text if language == "en" else text.replace(",", "")


def caches(language: str) -> str:
    """Table what published models keep of a long text, two bytes a number."""
    rows = []
    for name, n_local, n_global, n_kv_heads, head_dim, window, length in MODELS:
        shape = (n_kv_heads, head_dim, length)
        whole = cache_bytes(n_local + n_global, *shape, bytes_per_number=2)
        real = cache_bytes(n_local, *shape, bytes_per_number=2, window=window)
        real += cache_bytes(n_global, *shape, bytes_per_number=2)
        numbers = [str(n_local), str(n_global), f"{window:,}", f"{length:,}"]
        rows.append([name, *numbers, f"{whole / 1e9:.2f}", f"{real / 1e9:.2f}"])
    text = table(WORDS[language]["head"], rows)
    return text if language == "en" else text.replace(",", "")


def share(language: str) -> str:
    """Say which layers take the memory in the last model of the table."""
    name, n_local, n_global, n_kv_heads, head_dim, window, length = MODELS[-1]
    shape = (n_kv_heads, head_dim, length)
    local = cache_bytes(n_local, *shape, bytes_per_number=2, window=window) / 1e9
    rest = cache_bytes(n_global, *shape, bytes_per_number=2) / 1e9
    if language == "en":
        return (
            f"Of what {name} keeps, {n_local} layers with a window take {local:.2f} GB and {n_global} without "
            f"take {rest:.2f} GB. The windows are nearly free; what sees everything costs as before."
        )
    return (
        f"{name} 留下的东西里，{n_local} 层有窗口的只占 {local:.2f} GB，{n_global} 层没有窗口的占 {rest:.2f} GB。"
        "有窗口的几乎不要钱，看全文的一分也没有省。"
    )


def times(language: str) -> str:
    """Say how the times grow."""
    rows = results("nn/sliding_window")["results"]["lengths"]
    machine = results("nn/sliding_window")["machine"]
    first, before, last = (rows[i] for i in (0, -2, -1))
    mask, causal, blocks = (last["seconds"][way] for way in ("mask", "causal", "blocks"))
    grown = [last["seconds"][way] / before["seconds"][way] for way in ("mask", "causal", "blocks")]
    short = [1000 * first["seconds"][way] for way in ("causal", "blocks")]
    length, half, start = last["length"], before["length"], first["length"]
    if language == "en":
        return (
            f"At {length:,} tokens, on {machine['cores']} cores of a processor, the call with a mask takes "
            f"{mask:.1f} s and the blocks {1000 * blocks:.0f} ms, a factor of {mask / blocks:.0f}. From {half:,} "
            f"tokens to {length:,} the time of the first grows by a factor of {grown[0]:.1f}, that of the blocks by "
            f"{grown[2]:.1f}. The mask makes it slower than no window at all, which takes {1000 * causal:.0f} ms: "
            "told only that it is causal, the call leaves the future out. For a short text nothing is gained: at "
            f"{start} tokens the blocks take {short[1]:.1f} ms, and attention without a window {short[0]:.1f} ms."
        )
    return (
        f"在处理器的 {machine['cores']} 个核上，{length} 个词元，一次调用加掩码要 {mask:.1f} 秒，分块要 {1000 * blocks:.0f} "
        f"毫秒，差 {mask / blocks:.0f} 倍。从 {half} 个词元到 {length} 个，前者的时间涨到 {grown[0]:.1f} 倍，分块涨到 {grown[2]:.1f} 倍。"
        f"加了掩码，反而比没有窗口还慢，没有窗口只要 {1000 * causal:.0f} 毫秒：只告诉它是因果注意力，它就不去算后面的词元。"
        f"文本短，就没有好处：{start} 个词元，分块要 {short[1]:.1f} 毫秒，没有窗口的注意力要 {short[0]:.1f} 毫秒。"
    )


def kept(language: str) -> str:
    """Explain the peaks of memory."""
    entry = results("nn/sliding_window")["results"]
    last = entry["lengths"][-1]
    with_scores = next(row for row in reversed(entry["lengths"]) if "softmax" in row["peak_bytes"])
    scores = 4 * entry["n_heads"] * with_scores["length"] ** 2 / 1e6
    bits, numbers = (n * last["length"] ** 2 / 1e6 for n in (1, 4))
    if language == "en":
        return (
            f"The scores of all heads at {with_scores['length']:,} tokens are {scores:.0f} MB, and a softmax written "
            "out holds several copies. One call never holds all scores, but it is given the mask: at "
            f"{last['length']:,} tokens {bits:.0f} MB as truth values, and {numbers:.0f} MB more when the call turns "
            "them into numbers. The blocks hold a mask of two windows for each token, and their copies of the keys and "
            "values."
        )
    return (
        f"{with_scores['length']} 个词元，各头的分数合起来有 {scores:.0f} MB，手写的 softmax 同时要留几份。一次调用从不留下全部分数，"
        f"可是掩码得给它：{last['length']} 个词元，真假值占 {bits:.0f} MB，它再换成数，又占 {numbers:.0f} MB。"
        "分块只留每个词元两个窗口那么宽的掩码，还有键和值的副本。"
    )


def widths(language: str) -> str:
    """Say from which window on the blocks are slower than other ways."""
    entry = results("nn/sliding_window")["results"]
    rows = entry["widths_at_4096"]
    causal = next(row for row in entry["lengths"] if row["length"] == 4096)["seconds"]["causal"]
    slower = next(row["window"] for row in rows if row["seconds"]["blocks"] > causal)
    worse = next(row["window"] for row in rows if row["seconds"]["blocks"] > row["seconds"]["mask"])
    ends = [1000 * rows[i]["seconds"]["blocks"] for i in (0, -1)]
    if language == "en":
        return (
            f"And with other windows, at 4,096 tokens? From {rows[0]['window']} to {rows[-1]['window']:,} the time of "
            f"the blocks climbs from {ends[0]:.0f} to {ends[1]:,.0f} ms. Of those we tried, {slower:,} is the first window with which "
            f"they are slower than attention without a window, and {worse:,} the first with which they lose even to the mask."
        )
    return (
        f"窗口换一换呢？还是 4096 个词元，窗口从 {rows[0]['window']} 到 {rows[-1]['window']}，分块的时间从 {ends[0]:.0f} 毫秒涨到 "
        f"{ends[1]:.0f} 毫秒。试过的窗口里，到了 {slower}，分块开始比没有窗口的注意力慢；到了 {worse}，连加掩码的也比不过。"
    )


FIGURES = {
    "blocks": blocks,
    "reach": reach,
    "caches": caches,
    "share": share,
    "curve": curve,
    "times": times,
    "memory": memory,
    "kept": kept,
    "widths": widths,
}
