"""Figures and tables of the page nn/attention_variants."""

import torch

from llm_book.exercises.nn.attention_variants_solution import tile_pairs
from llm_book.nn.attention_variants import Running
from llm_book.nn.self_attention import attention_weights, causal_mask
from llm_book.publishing.figures import (
    BLUE,
    GRAY,
    GREEN,
    MUTED,
    ORANGE,
    PURPLE,
    RED,
    arrow,
    box,
    canvas,
    cell,
    results,
    table,
)

POWERS = torch.tensor([1.0, 3.0, 2.0, 2.0, 12.0, 4.0])  # e to the scores of the last word
VALUES = torch.tensor([6.0, 2.0, 4.0, 2.0, 4.0, 6.0])
QUERIES = torch.tensor([0.3, 0.8, 1.2, 0.6, 1.5, 1.0])  # of all six words, for the small table
PLOTTED = {  # the color, and where the label stands
    "fused projections": BLUE,
    "compiled": GREEN,
    "tiled online": ORANGE,
    "FlexAttention": GRAY,
    "scaled_dot_product_attention": PURPLE,
}
WORDS = {
    "en": {
        "words": ["The", "fox", "found", "jam", "it", "grinned"],
        "online": "The online softmax of six words in three tiles, with all of its numbers",
        "online_description": (
            "Above, six words with their scores and values, two words a tile. Below, what is "
            "remembered after each tile: the largest score, the total, and the mixed values. After "
            "the third tile the largest score has risen from 1.10 to 2.48, and both sums have been "
            "multiplied by one quarter before the new ones were added. Mixed 8 divided by total 2 "
            "is 4."
        ),
        "score": "score s",
        "value": "value v",
        "maximum": "largest m",
        "total": "total ℓ",
        "mixed": "mixed a",
        "result": "a / ℓ = {:.2f}",
        "tiles": "The causal table of six words, cut into tiles of two by two",
        "tiles_description": (
            "Six rows and six columns of attention weights, cut into nine tiles. Three tiles above "
            "the diagonal are crossed out, since they hold future keys only. The other six are "
            "numbered in the order in which they are met: row by row, from left to right."
        ),
        "query": "queries",
        "key": "keys",
        "time": "Seconds for one pass forward against the number of tokens",
        "time_description": (
            "Five curves on logarithmic axes. The plain form climbs most steeply. At 4,096 tokens "
            "scaled_dot_product_attention is the fastest, FlexAttention and the tiled form follow, "
            "and the compiled form stands between them and the plain one."
        ),
        "memory": "Peak memory of one pass forward against the number of tokens",
        "memory_description": (
            "Five curves on logarithmic axes. The plain and the compiled form quadruple with each "
            "doubling of the tokens. The tiled form, FlexAttention, and "
            "scaled_dot_product_attention double, and lie close together."
        ),
        "tokens": "tokens",
        "ms": "milliseconds",
        "mb": "megabytes",
        "labels": {
            "fused projections": "plain (fused)",
            "compiled": "plain, compiled",
            "tiled online": "tiled online",
            "FlexAttention": "FlexAttention",
            "scaled_dot_product_attention": "scaled_dot_product…",
        },
        "head": ["4,096 tokens", "forward, ms", "+ backward, ms", "forward, MB", "+ backward, MB"],
        "rows": {
            "one module a head": "`one_module_a_head`",
            "separate projections": "`separate_projections`",
            "fused projections": "`fused_projections`",
            "einsum": "`einsum_notation`",
            "tiled online": "`tiled_online`",
            "scaled_dot_product_attention": "`scaled_dot_product`",
            "flash": "… with `flash`",
            "math": "… with `math`",
            "nn.MultiheadAttention": "`torch_module`",
            "nn.MultiheadAttention, no fast path": "… without its fast path",
            "FlexAttention": "`flexible`",
            "compiled": "`compiled_fused`",
        },
        "tile_head": ["tile", "pairs of tiles", "ms", "MB"],
    },
    "zh": {
        "words": ["那只", "狐狸", "找到", "果酱", "它", "笑了"],
        "online": "六个词分三块做在线 softmax，每一步的数都在",
        "online_description": (
            "上面是六个词各自的分数和值，两个词一块。下面是每看完一块记住的三个数：最大的分数、总和、加权和。"
            "看完第三块，最大的分数从 1.10 升到 2.48，先把两个和都乘以四分之一，再加上新的。"
            "最后加权和 8 除以总和 2，得 4。"
        ),
        "score": "分数 s",
        "value": "值 v",
        "maximum": "最大分数 m",
        "total": "总和 ℓ",
        "mixed": "加权和 a",
        "result": "a / ℓ = {:.2f}",
        "tiles": "六个词的因果权重表，切成两行两列的小块",
        "tiles_description": (
            "六行六列的注意力权重切成九块。对角线上方的三块打了叉，里面全是未来的键。"
            "其余六块标着计算的先后：一行一行来，每行从左到右。"
        ),
        "query": "查询",
        "key": "键",
        "time": "前向一遍的时间与词元数",
        "time_description": (
            "对数坐标上的五条曲线。朴素写法升得最陡。4096 个词元时，scaled_dot_product_attention 最快，"
            "FlexAttention 和分块写法其次，编译过的朴素写法介于它们和没编译的之间。"
        ),
        "memory": "前向一遍的内存峰值与词元数",
        "memory_description": (
            "对数坐标上的五条曲线。词元数每翻一倍，朴素写法和编译过的都变成四倍；"
            "分块写法、FlexAttention 和 scaled_dot_product_attention 只翻一倍，三条线挨得很近。"
        ),
        "tokens": "词元数",
        "ms": "毫秒",
        "mb": "MB",
        "labels": {
            "fused projections": "朴素（合并投影）",
            "compiled": "朴素，编译过",
            "tiled online": "分块在线",
            "FlexAttention": "FlexAttention",
            "scaled_dot_product_attention": "scaled_dot_product…",
        },
        "head": ["4096 个词元", "前向（ms）", "加反向（ms）", "前向（MB）", "加反向（MB）"],
        "rows": {
            "one module a head": "`one_module_a_head`",
            "separate projections": "`separate_projections`",
            "fused projections": "`fused_projections`",
            "einsum": "`einsum_notation`",
            "tiled online": "`tiled_online`",
            "scaled_dot_product_attention": "`scaled_dot_product`",
            "flash": "…… 用 `flash`",
            "math": "…… 用 `math`",
            "nn.MultiheadAttention": "`torch_module`",
            "nn.MultiheadAttention, no fast path": "…… 关掉 fast path",
            "FlexAttention": "`flexible`",
            "compiled": "`compiled_fused`",
        },
        "tile_head": ["块的大小", "块对数", "ms", "MB"],
    },
}


def online(language: str):
    """Draw the six words in three tiles, and what is remembered after each."""
    words = WORDS[language]
    figure, axes = canvas(690, 300, title=words["online"], description=words["online_description"])
    left, width, gap = 92, 88, 22
    for top, name in (
        (52, "score"),
        (82, "value"),
        (168, "maximum"),
        (204, "total"),
        (240, "mixed"),
    ):
        axes.text(4, top, words[name], va="center", fontsize=11, color=MUTED)
    running = Running.start(torch.zeros(1, 1))
    for tile in range(3):
        color = (BLUE, GREEN, ORANGE)[tile]
        x = left + tile * (2 * width + gap)
        box(axes, x, 6, 2 * width, 94, edgecolor=color, linewidth=1.5)
        for i in range(2):
            place, middle = 2 * tile + i, x + (i + 0.5) * width
            axes.text(middle, 24, words["words"][place], ha="center", va="center", fontsize=13)
            score, value = POWERS[place].log().item(), VALUES[place].item()
            axes.text(middle, 52, f"{score:.2f}", ha="center", va="center", fontsize=12)
            axes.text(middle, 82, f"{value:g}", ha="center", va="center", fontsize=12)
        before = running
        keys = slice(2 * tile, 2 * tile + 2)
        running = running.take_in(POWERS[None, keys].log(), VALUES[keys, None])
        arrow(axes, (x + width, 104), (x + width, 146))
        for top, number in zip((152, 188, 224), running, strict=True):
            cell(axes, x + 34, top, 108, 32, f"{number.item():.2f}", color=color, size=13)
        if tile:
            factor = (before.maximum - running.maximum).exp().item()
            for top in (168, 204, 240):
                start = x - gap - 34
                arrow(axes, (start + 2, top), (x + 32, top))
                if top > 168:
                    axes.text(
                        (start + x + 34) / 2 - 2, top - 9, f"× {factor:g}", ha="center", fontsize=10
                    )
    result = (running.mixed / running.total).item()
    axes.text(x + 88, 280, words["result"].format(result), ha="center", va="center", fontsize=14)
    return figure


def tiles(language: str):
    """Draw the causal table of six words, cut into tiles."""
    words = WORDS[language]
    figure, axes = canvas(430, 372, title=words["tiles"], description=words["tiles_description"])
    left, top, size = 110, 62, 50
    positions = torch.arange(6)
    mask = causal_mask(positions, positions)
    weights = attention_weights(QUERIES[:, None], POWERS.log()[:, None], mask)
    axes.text(left + 3 * size, 16, words["key"], ha="center", va="center", color=MUTED)
    axes.text(
        14, top + 3 * size, words["query"], ha="center", va="center", color=MUTED, rotation=90
    )
    for i, word in enumerate(words["words"]):
        middle = (i + 0.5) * size
        axes.text(left - 8, top + middle, word, ha="right", va="center", fontsize=11)
        axes.text(left + middle, top - 12, word, ha="center", va="center", fontsize=10.5)
        for j in range(i + 1):
            weight = weights[i, j].item()
            place = (left + j * size, top + i * size, size, size)
            box(axes, *place, facecolor=BLUE, alpha=0.1 + 0.75 * weight, edgecolor="none")
    number = 0
    for row in range(3):
        for column in range(3):
            x, y = left + 2 * column * size, top + 2 * row * size
            box(axes, x, y, 2 * size, 2 * size, edgecolor=MUTED, linewidth=1.5)
            if column > row:
                for start, end in (((8, 8), (92, 92)), ((8, 92), (92, 8))):
                    axes.plot([x + start[0], x + end[0]], [y + start[1], y + end[1]], color=RED)
                continue
            number += 1
            place = (x + 1.5 * size, y + size / 2)
            axes.text(*place, number, fontsize=15, ha="center", va="center")
    return figure


def _plot(language: str, quantity: str, scale: float, name: str, unit: str):
    """Plot a measured quantity of one pass forward against the length."""
    words = WORDS[language]
    figure, axes = canvas(
        660, 330, title=words[name], description=words[f"{name}_description"], plot=True
    )
    measured = results("nn/attention_variants")["results"][quantity]["forward"]
    lengths = [length for length in measured if PLOTTED.keys() <= measured[length].keys()]
    ends = {name: measured[lengths[-1]][name] * scale for name in PLOTTED}
    shown_at = 0.0
    for name in sorted(PLOTTED, key=ends.get):
        numbers = [measured[length][name] * scale for length in lengths]
        axes.plot(
            [int(length) for length in lengths], numbers, "o-", color=PLOTTED[name], markersize=3
        )
        shown_at = max(ends[name], shown_at * 1.45)  # labels keep off each other
        place, label = (int(lengths[-1]) * 1.12, shown_at), words["labels"][name]
        axes.text(*place, label, va="center", size=10, color=PLOTTED[name])
    axes.set(xscale="log", yscale="log", xlabel=words["tokens"], ylabel=words[unit])
    axes.set_xticks([int(length) for length in lengths], [f"{int(n):,}" for n in lengths])
    axes.minorticks_off()
    axes.set_xlim(230, int(lengths[-1]) * 3.2)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    axes.grid()
    return figure


def time(language: str):
    """Plot the time of a pass forward."""
    return _plot(language, "seconds", 1e3, "time", "ms")


def memory(language: str):
    """Plot the peak memory of a pass forward."""
    return _plot(language, "peak_bytes", 1e-6, "memory", "mb")


def table_at_4096(language: str) -> str:
    """Table time and memory of everything that was measured, at 4,096 tokens."""
    words, measured = WORDS[language], results("nn/attention_variants")["results"]
    rows = []
    for name, label in words["rows"].items():
        row = [label]
        for quantity, scale in (("seconds", 1e3), ("peak_bytes", 1e-6)):
            for kind in ("forward", "forward_backward"):
                number = measured[quantity][kind]["4096"].get(name)
                row.append("–" if number is None else f"{number * scale:,.0f}")
        rows.append(row)
    return table(words["head"], rows)


def _ratio(quantity: str, kind: str, length: str, above: str, below: str) -> float:
    """Return how many times as much the first variant takes as the second."""
    measured = results("nn/attention_variants")["results"][quantity][kind][length]
    return measured[above] / measured[below]


PLAIN, TILED, SDPA = "fused projections", "tiled online", "scaled_dot_product_attention"


def how(language: str) -> str:
    """Say what was measured, on which machine."""
    entry = results("nn/attention_variants")
    machine, measured = entry["machine"], entry["results"]
    if language == "en":
        return (
            f"Measured on {entry['date']} on {machine['processor']} with {machine['threads']} "
            f"threads and PyTorch {machine['versions']['torch']}: one row, width "
            f"{measured['dim']}, {measured['n_heads']} heads, float32. All variants take turns in "
            "one run, and of several rounds the median counts. The memory is the most that a call "
            "has at any one time taken from PyTorch's allocator, as its profiler notes; the "
            "weights and the tokens were there before."
        )
    return (
        f"{entry['date']} 测于 {machine['processor']}，{machine['threads']} 个线程，"
        f"PyTorch {machine['versions']['torch']}：批次里一条序列，宽度 {measured['dim']}，"
        f"{measured['n_heads']} 个头，float32。各种写法在同一次运行里轮流计时，测若干轮取中位数。"
        "内存是一次调用期间向 PyTorch 的分配器同时占着的最大字节数，由它自带的 profiler 逐笔记下；"
        "权重和输入早就在那里，不算在内。"
    )


def ratios(language: str) -> str:
    """Say what the plots show, as ratios."""
    plain, fast, compiled = (
        _ratio("seconds", "forward", "4096", above, below)
        for above, below in ((PLAIN, TILED), (PLAIN, SDPA), (PLAIN, "compiled"))
    )
    learning = _ratio("seconds", "forward_backward", "4096", PLAIN, TILED)
    short = _ratio("seconds", "forward", "256", PLAIN, SDPA)
    slower = _ratio("seconds", "forward", "256", TILED, PLAIN)
    if language == "en":
        return (
            f"At 4,096 tokens the tiled form, a loop in Python, is {plain:.1f} times as fast as "
            f"the plain one, and {learning:.1f} times with the backward pass. "
            f"`scaled_dot_product_attention`, the same idea in C++, is {fast:.1f} times as fast. "
            f"Compiling the plain form makes it {compiled:.1f} times as fast. At 256 tokens little "
            f"of this is left: `scaled_dot_product_attention` is {short:.1f} times as fast as the "
            f"plain form, and the tiled one takes {slower:.1f} times as long."
        )
    return (
        f"4096 个词元时，分块写法虽然是 Python 里的循环，前向的速度也有朴素写法的 {plain:.1f} 倍，"
        f"连反向一起算是 {learning:.1f} 倍。同样的想法写成 C++，就是 "
        f"`scaled_dot_product_attention`，速度是 {fast:.1f} 倍。朴素写法编译一下，是 {compiled:.1f} 倍。"
        f"只有 256 个词元时，差别就不大了：`scaled_dot_product_attention` 的速度是 {short:.1f} 倍，"
        f"分块写法的用时是朴素写法的 {slower:.1f} 倍。"
    )


def memory_ratio(language: str) -> str:
    """Say how much memory the tiled form saves at 8,192 tokens."""
    measured = results("nn/attention_variants")["results"]
    forward, learning = (
        _ratio("peak_bytes", kind, "8192", PLAIN, TILED) for kind in ("forward", "forward_backward")
    )
    peaks = measured["peak_bytes"]["forward"]["8192"]
    plain, tiled = peaks[PLAIN] / 1e6, peaks[TILED] / 1e6
    growth = measured["process_growth_bytes"]["forward_backward"]
    process = growth[PLAIN] / growth[TILED]
    if language == "en":
        return (
            f"At 8,192 tokens the plain form needs {plain:,.0f} MB for one pass forward and the "
            f"tiled one {tiled:,.0f} MB: one part in {forward:.0f}. With the backward pass it is "
            f"one part in {learning:.0f}. We checked with the operating system, which knows "
            "nothing of allocators: in fresh processes, the one that runs the plain form forward "
            f"and backward grows by {growth[PLAIN] / 1e6:,.0f} MB, and the other by "
            f"{growth[TILED] / 1e6:,.0f} MB, one part in {process:.0f}."
        )
    return (
        f"8192 个词元时，前向一遍，朴素写法要 {plain:,.0f} MB，分块写法只要 {tiled:,.0f} MB，"
        f"是前者的 {forward:.0f} 分之一；连反向一起算，是 {learning:.0f} 分之一。再问问操作系统，"
        "它可不管什么分配器：各开一个新进程，前向加反向跑一遍，"
        f"朴素写法的进程多占 {growth[PLAIN] / 1e6:,.0f} MB，分块写法的多占 "
        f"{growth[TILED] / 1e6:,.0f} MB，{process:.0f} 分之一。"
    )


def other_path(language: str) -> str:
    """Say what nn.MultiheadAttention does when it answers."""
    on, off = "nn.MultiheadAttention", "nn.MultiheadAttention, no fast path"
    slower = _ratio("seconds", "forward", "4096", on, off)
    larger = _ratio("peak_bytes", "forward", "4096", on, off)
    if language == "en":
        return (
            "`nn.MultiheadAttention` has a surprise. In evaluation mode and without gradients it "
            "takes another kernel, its *fast path*, which does build the table: on this machine "
            f"that takes {slower:.1f} times as long and {larger:.1f} times the memory of the path "
            "for training. `torch.backends.mha.set_fastpath_enabled(False)` switches it off."
        )
    return (
        "`nn.MultiheadAttention` 有件怪事。评估模式下、又不要梯度时，它改走另一条路，叫 *fast path*，"
        f"偏偏这条“快路”会把整张表建出来：在这台机器上，时间是训练那条路的 {slower:.1f} 倍，"
        f"内存是 {larger:.1f} 倍。用 `torch.backends.mha.set_fastpath_enabled(False)` 可以关掉。"
    )


def tile_sizes(language: str) -> str:
    """Table time, memory, and pairs of tiles against the size of a tile."""
    measured = results("nn/attention_variants")["results"]["tiles"]
    rows = []
    for tile, seconds in measured["seconds"].items():
        peak = measured["peak_bytes"][tile] / 1e6
        rows.append([tile, f"{tile_pairs(measured['length'], int(tile)):,}"])
        rows[-1] += [f"{seconds * 1e3:,.0f}", f"{peak:,.0f}"]
    return table(WORDS[language]["tile_head"], rows)


FIGURES = {
    "online": online,
    "tiles": tiles,
    "time": time,
    "memory": memory,
    "how": how,
    "at_4096": table_at_4096,
    "ratios": ratios,
    "memory_ratio": memory_ratio,
    "other_path": other_path,
    "tile_sizes": tile_sizes,
}
