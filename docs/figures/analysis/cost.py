"""Figures, tables, and the calculator of the page analysis/cost."""

import html
import json

from llm_book.analysis.cost import (
    arithmetic_intensity,
    attainable_rate,
    attended_tokens,
    cache_bytes,
    flops_utilization,
    key_value_numbers,
    latent_numbers,
    matrix_weights,
    n_bytes,
)
from llm_book.publishing.figures import (
    BLUE,
    GRAY,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    RED,
    canvas,
    cell,
    results,
    table,
)

# Sizes as published. `rest` counts norms, biases, and positions.
MODELS = {
    "GPT-2 124M": {
        "vocab_size": 50_257, "dim": 768, "n_layers": 12, "n_heads": 12, "n_kv_heads": 12,
        "head_dim": 64, "hidden_dim": 3072, "gated": False, "tied": True,
        "rest": 1024 * 768 + 12 * (9 * 768 + 3072) + 2 * 768, "window": 512, "n_window_layers": 0,
    },
    "Llama-2-7B": {
        "vocab_size": 32_000, "dim": 4096, "n_layers": 32, "n_heads": 32, "n_kv_heads": 32,
        "head_dim": 128, "hidden_dim": 11_008, "gated": True, "tied": False,
        "rest": 65 * 4096, "window": 512, "n_window_layers": 0,
    },
    "Llama-3-8B": {
        "vocab_size": 128_256, "dim": 4096, "n_layers": 32, "n_heads": 32, "n_kv_heads": 8,
        "head_dim": 128, "hidden_dim": 14_336, "gated": True, "tied": False,
        "rest": 65 * 4096, "window": 512, "n_window_layers": 0,
    },
    "Qwen3-0.6B": {
        "vocab_size": 151_936, "dim": 1024, "n_layers": 28, "n_heads": 16, "n_kv_heads": 8,
        "head_dim": 128, "hidden_dim": 3072, "gated": True, "tied": True,
        "rest": 28 * 2 * (1024 + 128) + 1024, "window": 512, "n_window_layers": 0,
    },
    "Gemma-3-270M": {
        "vocab_size": 262_144, "dim": 640, "n_layers": 18, "n_heads": 4, "n_kv_heads": 1,
        "head_dim": 256, "hidden_dim": 2048, "gated": True, "tied": True,
        "rest": 18 * (4 * 640 + 2 * 256) + 640, "window": 512, "n_window_layers": 15,
    },
}  # fmt: skip
# The context, where it is shorter than the plot.
CONTEXTS = {"GPT-2 124M": 1024, "Llama-2-7B": 4096, "Llama-3-8B": 8192}
PART_COLORS = (BLUE, PURPLE, GREEN, GREEN)
H100 = {"bandwidth": 3350, "peak": 989}  # data sheet of the SXM form, without sparsity

WORDS = {
    "en": {
        "areas": "The matrices of GPT-2 124M and a full cache, drawn to scale",
        "areas_description": (
            "Twelve columns for the layers, each cut into query-key-value, output, up, and down; "
            "beside them the head, nearly as large as half of all layers together, and the keys "
            "and values of 1,024 tokens, half as large as the head."
        ),
        "layers": "12 layers, {:.1f} million weights",
        "head": ["the head"],
        "kept": ["keys and values", "of 1,024 tokens"],
        "million": "{:.1f} million",
        "unit": 1,
        "parts": ["query, key, value", "output", "up", "down"],
        "roofline": "What this machine allows, and where GPT-2 124M lands",
        "roofline_description": (
            "Rate against operations per byte, both in powers of ten. A slope for the memory's "
            "bandwidth meets one ceiling for float32 and a higher one for bfloat16. Passes over 1 "
            "to 512 tokens climb along the slope and level off below the ceilings."
        ),
        "intensity": "operations per byte read",
        "rate": "GFLOP/s",
        "memory": "memory: {:.0f} GB/s",
        "ceiling": "{}: {:.0f} GFLOP/s",
        "one": "1 token",
        "many": "512 tokens",
        "growth": "Bytes of the cache against the tokens in it, bfloat16",
        "growth_description": (
            "Straight lines for models that keep every token. The line of Gemma-3-270M bends at "
            "512 tokens, where fifteen of its eighteen layers stop growing."
        ),
        "context": "tokens of context",
        "cache": "MiB",
        "caches": ["Model", "a layer keeps", "one token", "1,024 tokens", "4,096 tokens"],
        "opening": ["GPT-2 124M, 512 tokens", "operations", "float32", "bfloat16"],
        "read": "read at once",
        "write": "written one by one",
        "model": "Model",
        "machine": "Machine",
        "preset": "preset",
        "use": "Use",
        "own": "own numbers",
        "results": "Results",
        "here": "this page's machine, {}",
        "fields": {
            "vocab_size": "vocabulary",
            "dim": "width (dim)",
            "n_layers": "layers",
            "n_heads": "query heads",
            "n_kv_heads": "key-value heads",
            "head_dim": "width of a head",
            "hidden_dim": "hidden width",
            "rest": "norms, biases, positions",
            "window": "window, tokens",
            "n_window_layers": "layers with a window",
            "gated": "gated feed-forward",
            "tied": "head tied to embedding",
            "context": "context, tokens",
            "batch_size": "rows (batch)",
            "weight_dtype": "weights in",
            "cache_dtype": "cache in",
            "bandwidth": "bandwidth, GB/s",
            "peak": "peak, TFLOP/s",
        },
        "outputs": {
            "parameters": "parameters",
            "weight_bytes": "memory of the weights",
            "cache_bytes": "memory of the cache, all rows",
            "forward_flops": "operations per token, forward",
            "training_flops": "operations per token, training",
            "intensity": "intensity of a decoding step",
            "decoding_limit": "decoding, all rows, at most",
            "prompt_seconds": "reading the context, at least",
        },
        "noscript": "The calculator needs JavaScript; the functions above give the same numbers.",
    },
    "zh": {
        "areas": "GPT-2 124M 的矩阵和装满的缓存，按比例画出",
        "areas_description": (
            "十二列是十二层，每列切成查询键值、输出、升维、降维四块；旁边是输出头，快赶上所有层的一半；"
            "再旁边是 1024 个词元的键和值，有输出头的一半大。"
        ),
        "layers": "12 层，{:.0f} 万个权重",
        "head": ["输出头"],
        "kept": ["1024 个词元", "的键和值"],
        "million": "{:.0f} 万",
        "unit": 100,
        "parts": ["查询、键、值", "输出", "升维", "降维"],
        "roofline": "这台机器的上限，以及 GPT-2 124M 落在哪里",
        "roofline_description": (
            "横轴是每读一个字节做几次运算，纵轴是速率，都是对数刻度。内存带宽画成斜坡，"
            "碰到 float32 的屋顶和更高的 bfloat16 的屋顶。一次读 1 到 512 个词元，"
            "点子沿斜坡往上爬，到屋顶下面走平。"
        ),
        "intensity": "每读一个字节做几次运算",
        "rate": "GFLOP/s",
        "memory": "内存：{:.0f} GB/s",
        "ceiling": "{}：{:.0f} GFLOP/s",
        "one": "1 个词元",
        "many": "512 个词元",
        "growth": "缓存里的词元数与缓存的字节数（bfloat16）",
        "growth_description": (
            "每个词元都留着的模型，画出来是直线。Gemma-3-270M 的线在 512 处拐弯，"
            "因为它十八层里有十五层从这里起不再增长。"
        ),
        "context": "上下文的词元数",
        "cache": "MiB",
        "caches": ["模型", "每层留下", "一个词元", "1024 个词元", "4096 个词元"],
        "opening": ["GPT-2 124M，512 个词元", "运算次数", "float32", "bfloat16"],
        "read": "一次读完",
        "write": "逐个写出",
        "model": "模型",
        "machine": "机器",
        "preset": "预设",
        "use": "用法",
        "own": "自己填",
        "results": "结果",
        "here": "本页的机器，{}",
        "fields": {
            "vocab_size": "词表大小",
            "dim": "宽度（dim）",
            "n_layers": "层数",
            "n_heads": "查询头数",
            "n_kv_heads": "键值头数",
            "head_dim": "头的宽度",
            "hidden_dim": "前馈网络宽度",
            "rest": "归一化、偏置、位置",
            "window": "窗口（词元）",
            "n_window_layers": "带窗口的层数",
            "gated": "前馈网络带门控",
            "tied": "输出头共用嵌入",
            "context": "上下文（词元）",
            "batch_size": "同时几行（批次）",
            "weight_dtype": "权重的类型",
            "cache_dtype": "缓存的类型",
            "bandwidth": "带宽（GB/s）",
            "peak": "峰值（TFLOP/s）",
        },
        "outputs": {
            "parameters": "参数个数",
            "weight_bytes": "权重占的内存",
            "cache_bytes": "缓存占的内存（所有行）",
            "forward_flops": "前向一个词元的运算",
            "training_flops": "训练一个词元的运算",
            "intensity": "解码一步的计算强度",
            "decoding_limit": "解码上限（所有行合计）",
            "prompt_seconds": "读完上下文至少要",
        },
        "noscript": "计算器要用 JavaScript。上面的函数算出来的数是一样的。",
    },
}


def measured():
    """Return what the benchmark recorded."""
    return results("analysis/cost")["results"]


def best_bandwidth() -> float:
    """Return the bytes per second of the fastest way to read matrices."""
    return max(measured()["bytes_per_second"].values())


def weights(name: str) -> int:
    """Return the weights that a token of this model is multiplied by."""
    keys = ("vocab_size", "dim", "n_layers", "n_heads", "n_kv_heads", "head_dim", "hidden_dim")
    return matrix_weights(**{key: MODELS[name][key] for key in (*keys, "gated")})


def cache(name: str, context: int) -> int:
    """Return the bytes of this model's cache in bfloat16."""
    if name == "DeepSeek-V3":
        windows, numbers = [None] * 61, latent_numbers(rank=512, rope_dim=64)
    else:
        m = MODELS[name]
        windows = [m["window"]] * m["n_window_layers"]
        windows += [None] * (m["n_layers"] - m["n_window_layers"])
        numbers = key_value_numbers(n_kv_heads=m["n_kv_heads"], head_dim=m["head_dim"])
    attended = attended_tokens(context, windows)
    return cache_bytes(numbers=numbers, attended=attended, dtype="bfloat16")


def areas(language: str):
    """Draw every matrix that a token of GPT-2 124M is multiplied by, to scale."""
    words = WORDS[language]
    figure, axes = canvas(690, 316, title=words["areas"], description=words["areas_description"])
    left, top, width, height = 118, 36, 26, 222
    million = 1e6 * width * height / (12 * 768**2)  # square pixels
    y = top
    for label, size, color in zip(words["parts"], (3, 1, 4, 4), PART_COLORS, strict=True):
        tall = height * size / 12
        axes.text(left - 8, y + tall / 2, label, ha="right", va="center", fontsize=11.5)
        for layer in range(12):
            cell(axes, left + layer * width, y, width - 4, tall - 4, color=color)
        y += tall
    layers = 12 * 12 * 768**2 / 1e6
    title = {"ha": "center", "fontsize": 11.5}
    axes.text(left + 6 * width, 22, words["layers"].format(layers * words["unit"]), **title)

    x = left + 12 * width + 14
    head, kept = 50_257 * 768 / 1e6, 12 * 2 * 768 * 1024 / 1e6
    for size, color, lines in ((head, ORANGE, words["head"]), (kept, RED, words["kept"])):
        wide = size * million / height
        cell(axes, x, top, wide - 4, height - 4, color=color)
        number = words["million"].format(size * words["unit"])
        for line, text in enumerate((*lines, number)):
            axes.text(x + wide / 2, top + height + 18 + 16 * line, text, **title)
        x += wide + 14
    return figure


def opening(language: str) -> str:
    """Table the times of reading and of writing 512 tokens."""
    words, took = WORDS[language], measured()["read_and_write"]
    rows = []
    for work in ("read", "write"):
        seconds = took[f"{work}_seconds"]
        times = [f"{seconds[dtype]:.2f} s" for dtype in ("float32", "bfloat16")]
        rows.append([words[work], f"{took[f'{work}_flops'] / 1e9:.0f} × 10⁹", *times])
    return table(words["opening"], rows)


def opening_says(language: str) -> str:
    """Say how many times longer writing takes."""
    took = measured()["read_and_write"]
    times = {
        dtype: took["write_seconds"][dtype] / took["read_seconds"][dtype]
        for dtype in ("float32", "bfloat16")
    }
    if language == "en":
        return (
            f"Writing needs a little less arithmetic and takes {times['float32']:.0f} times as long; "
            f"in bfloat16, {times['bfloat16']:.0f} times."
        )
    return (
        f"写的运算还略少一点，用时却是读的 {times['float32']:.0f} 倍；"
        f"换成 bfloat16，是 {times['bfloat16']:.0f} 倍。"
    )


def work(one: dict, dtype: str) -> tuple[float, float]:
    """Return the intensity of a pass and the rate that it reached."""
    context, sizes = one["n_tokens"], MODELS["GPT-2 124M"]
    numbers = key_value_numbers(n_kv_heads=sizes["n_kv_heads"], head_dim=sizes["head_dim"])
    kept = numbers * attended_tokens(context, [None] * sizes["n_layers"])
    read = n_bytes(weights("GPT-2 124M") + kept, dtype)
    return arithmetic_intensity(one["flops"], read), one["flops"] / one["seconds"][dtype]


def roofline(language: str):
    """Plot the machine's limits and the passes over 1 to 512 tokens."""
    words = WORDS[language]
    figure, axes = canvas(
        660, 380, title=words["roofline"], description=words["roofline_description"], plot=True
    )
    bandwidth, peaks = best_bandwidth(), measured()["flops_per_second"]
    low, high = 0.25, 600
    ridge = max(peaks.values()) / bandwidth
    slope = [low, ridge]
    axes.plot(slope, [x * bandwidth / 1e9 for x in slope], color=INK, linewidth=1.5)
    axes.annotate(
        words["memory"].format(bandwidth / 1e9), (1.7, 1.7 * bandwidth / 1e9), (-6, 6),
        textcoords="offset points", ha="right", size=10, color=INK,
    )  # fmt: skip
    for dtype, color, marker in (("float32", BLUE, "o"), ("bfloat16", ORANGE, "s")):
        peak = peaks[dtype]
        axes.plot([peak / bandwidth, high], [peak / 1e9] * 2, color=color, linewidth=1.5)
        axes.annotate(
            words["ceiling"].format(dtype, peak / 1e9), (high, peak / 1e9), (0, 6),
            textcoords="offset points", ha="right", size=10, color=color,
        )  # fmt: skip
        points = [work(one, dtype) for one in measured()["passes"]]
        axes.plot(
            [x for x, _ in points], [y / 1e9 for _, y in points], "--",
            color=color, linewidth=0.8, marker=marker, markersize=5,
        )  # fmt: skip
        for (x, y), label in ((points[0], words["one"]), (points[-1], words["many"])):
            axes.annotate(
                label, (x, y / 1e9), (-4, -16), textcoords="offset points", size=9.5,
                ha="right", color=color,
            )  # fmt: skip
    axes.set(xscale="log", yscale="log", xlabel=words["intensity"], ylabel=words["rate"])
    axes.set(xlim=(low, high * 1.1), ylim=(5, 2000))
    axes.set_xticks([0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256], minor=False)
    axes.set_xticklabels(["½", "1", "2", "4", "8", "16", "32", "64", "128", "256"])
    axes.set_yticks([10, 100, 1000], ["10", "100", "1000"])
    axes.minorticks_off()
    axes.grid()
    return figure


def roofline_says(language: str) -> str:
    """Say what was measured, and how near the limits one token and 512 come."""
    entry, here = results("analysis/cost"), measured()
    bandwidth, peaks = best_bandwidth(), here["flops_per_second"]
    first, last = here["passes"][0], here["passes"][-1]

    def share(one: dict, dtype: str) -> str:
        intensity, rate = work(one, dtype)
        possible = attainable_rate(intensity, peak=peaks[dtype], bandwidth=bandwidth)
        return f"{rate / possible:.0%}"

    by_size = {one["n_tokens"]: one["seconds"] for one in here["passes"]}
    more = {dtype: by_size[16][dtype] / by_size[1][dtype] for dtype in peaks}
    ridges = {dtype: peaks[dtype] / bandwidth for dtype in peaks}
    plain = here["bytes_per_second"]["F.linear, float32"] / 1e9
    way, fastest = max(here["bytes_per_second"].items(), key=lambda pair: pair[1])
    machine = entry["machine"]
    if language == "en":
        return (
            f"Measured on {entry['date']} on {machine['processor']}, {machine['threads']} threads, "
            f"PyTorch {machine['versions']['torch']}. Slope and ceilings meet at "
            f"{ridges['float32']:.0f} operations per byte in float32 and at "
            f"{ridges['bfloat16']:.0f} in bfloat16. One token alone reaches "
            f"{share(first, 'float32')} of what the memory allows in float32 and "
            f"{share(first, 'bfloat16')} in bfloat16; 512 tokens reach {share(last, 'float32')} and "
            f"{share(last, 'bfloat16')} of their ceilings. Part of the gap at the left is the "
            f"kernel: the slope is the best of several ({way}, {fastest / 1e9:.0f} GB/s), and "
            f"`F.linear` in float32, which the model calls, reads {plain:.0f} GB/s. "
            f"Sixteen tokens take "
            f"{more['bfloat16']:.1f} times as long as one in bfloat16, and {more['float32']:.1f} "
            f"times in float32."
        )
    return (
        f"{entry['date']} 测于 {machine['processor']}，{machine['threads']} 个线程，"
        f"PyTorch {machine['versions']['torch']}。斜坡碰到屋顶，float32 是在每字节 "
        f"{ridges['float32']:.0f} 次运算处，bfloat16 是在 {ridges['bfloat16']:.0f} 次处。"
        f"只读一个词元，float32 达到内存上限的 {share(first, 'float32')}，bfloat16 达到 "
        f"{share(first, 'bfloat16')}；一次读 512 个，分别达到各自屋顶的 {share(last, 'float32')} 和 "
        f"{share(last, 'bfloat16')}。左边的差距，一部分要算在算子头上：斜坡取的是几种读法里最快的（"
        f"{way.replace(', ', '，')}，{fastest / 1e9:.0f} GB/s），而模型在 float32 里调用的 `F.linear` 只读到 "
        f"{plain:.0f} GB/s。"
        f"一次读 16 个词元，bfloat16 用时是读 1 个的 {more['bfloat16']:.1f} 倍，"
        f"float32 是 {more['float32']:.1f} 倍。"
    )


def training_says(language: str) -> str:
    """State the MFU of training against the right peak and against the wrong one."""
    run, peaks = measured()["training"], measured()["flops_per_second"]

    def used(dtype: str, peak: str) -> str:
        rate = run["n_tokens"] / run["seconds"][dtype]
        share = flops_utilization(
            tokens_per_second=rate, flops_per_token=run["flops_per_token"], peak=peaks[peak]
        )
        return f"{share:.0%}"

    speeds = {dtype: run["n_tokens"] / run["seconds"][dtype] for dtype in peaks}
    right, other = used("float32", "float32"), used("bfloat16", "bfloat16")
    wrong = used("bfloat16", "float32")
    if language == "en":
        return (
            f"On our machine, forward and back over {run['n_tokens']} tokens runs at "
            f"{speeds['float32']:.0f} tokens per second in float32, an MFU of {right}, and at "
            f"{speeds['bfloat16']:.0f} in bfloat16, an MFU of {other}. Divide the bfloat16 run by "
            f"the float32 peak, and it claims {wrong}."
        )
    return (
        f"在我们的机器上，{run['n_tokens']} 个词元前向加反向，float32 每秒 "
        f"{speeds['float32']:.0f} 个词元，MFU 为 {right}；bfloat16 每秒 {speeds['bfloat16']:.0f} 个，"
        f"MFU 为 {other}。要是拿 bfloat16 的速度去除以 float32 的峰值，就会得出 {wrong}。"
    )


def binary(size: float) -> str:
    """Write bytes with the unit that fits."""
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.4g} {unit}"
        size /= 1024
    return f"{size:.4g} GiB"


def caches(language: str) -> str:
    """Table what published models keep of a token, in bfloat16."""
    rows = []
    for name in (*MODELS, "DeepSeek-V3"):
        m = MODELS.get(name)
        kept = f"2 × {m['n_kv_heads']} × {m['head_dim']}" if m else "512 + 64"
        sizes = [
            binary(cache(name, context)) if context <= CONTEXTS.get(name, 4096) else "–"
            for context in (1, 1024, 4096)
        ]
        rows.append([name, *(text.replace(" ", "\u00a0") for text in (kept, *sizes))])
    return table(WORDS[language]["caches"], rows)


def growth(language: str):
    """Plot the cache against the context."""
    words = WORDS[language]
    figure, axes = canvas(
        660, 340, title=words["growth"], description=words["growth_description"], plot=True
    )
    colors = (GRAY, BLUE, GREEN, PURPLE, ORANGE, RED)
    for name, color in zip((*MODELS, "DeepSeek-V3"), colors, strict=True):
        shown = [2**power for power in range(6, 16) if 2**power <= CONTEXTS.get(name, 32_768)]
        mebibytes = [cache(name, context) / 2**20 for context in shown]
        axes.plot(shown, mebibytes, "--" if name == "DeepSeek-V3" else "-", color=color)
        above = name == "Llama-3-8B"  # the lines of others pass on its right
        axes.annotate(
            name, (shown[-1], mebibytes[-1]), (-2, 8) if above else (6, 0), color=color, size=10,
            textcoords="offset points", va="center", ha="right" if above else "left",
        )  # fmt: skip
    axes.set(xscale="log", yscale="log", xlabel=words["context"], ylabel=words["cache"])
    axes.set_xticks([64, 512, 1024, 4096, 8192, 32_768])
    axes.set_xticklabels(["64", "512", "1024", "4096", "8192", "32768"])
    axes.set_yticks([1, 10, 100, 1000], ["1", "10", "100", "1000"])
    axes.minorticks_off()
    axes.set_xlim(56, 160_000)
    axes.grid()
    return figure


def machines(language: str) -> dict[str, dict[str, float]]:
    """Return the machines of the calculator: this one, as measured, and one from a data sheet."""
    here = {
        WORDS[language]["here"].format(dtype): {
            "bandwidth": round(best_bandwidth() / 1e9, 1),
            "peak": round(rate / 1e12, 3),
        }
        for dtype, rate in measured()["flops_per_second"].items()
    }
    return here | {"H100 SXM, bfloat16": H100}


def calculator(language: str) -> str:
    """Write the calculator's form; docs/theme/assets/js/cost.js does the arithmetic."""
    words = WORDS[language]
    machine_presets = machines(language)

    def number(name: str, value: float, least: float, step: str = "1") -> str:
        return (
            f'<label>{words["fields"][name]}<input type="number" name="{name}" value="{value}" '
            f'min="{least}" step="{step}" inputmode="decimal" required></label>'
        )

    def check(name: str) -> str:
        return (
            f'<label class="check"><input type="checkbox" name="{name}">'
            f"{words['fields'][name]}</label>"
        )

    def select(label: str, name: str, options: list[str], chooser: bool = False) -> str:
        first = f'<option value="">{words["own"]}</option>' if chooser else ""
        chosen = "".join(
            f'<option value="{html.escape(option)}"{" selected" if i == 0 else ""}>'
            f"{html.escape(option)}</option>"
            for i, option in enumerate(options)
        )
        kind = (' class="chooser"', " data-chooser") if chooser else ("", "")
        return (
            f'<label{kind[0]}>{label}<select name="{name}"{kind[1]} autocomplete="off">'
            f"{first}{chosen}</select></label>"
        )

    dtypes = ["bfloat16", "float32", "int8", "int4"]
    sizes = ("vocab_size", "dim", "n_layers", "n_heads", "n_kv_heads", "head_dim", "hidden_dim")
    least = {"rest": 0, "window": 1, "n_window_layers": 0}
    presets = html.escape(json.dumps(MODELS | machine_presets))
    lines = [
        '<link rel="stylesheet" href="../../assets/css/cost.css">',
        f'<form class="calculator" data-presets="{presets}" autocomplete="off">',
        f"<fieldset><legend>{words['model']}</legend>",
        select(words["preset"], "model", list(MODELS), chooser=True),
        *(number(name, 1, 1) for name in sizes),
        *(number(name, 1, low) for name, low in least.items()),
        check("gated"),
        check("tied"),
        "</fieldset>",
        f"<fieldset><legend>{words['use']}</legend>",
        number("context", 1024, 1),
        number("batch_size", 1, 1),
        select(words["fields"]["weight_dtype"], "weight_dtype", dtypes),
        select(words["fields"]["cache_dtype"], "cache_dtype", dtypes),
        "</fieldset>",
        f"<fieldset><legend>{words['machine']}</legend>",
        select(words["preset"], "machine", list(machine_presets)[::-1], chooser=True),
        number("bandwidth", 1, 0.001, "any"),
        number("peak", 1, 0.000001, "any"),
        "</fieldset>",
        f'<dl aria-label="{words["results"]}">',
        *(
            f'<dt>{label}</dt><dd><output name="{name}">–</output></dd>'
            for name, label in words["outputs"].items()
        ),
        "</dl>",
        f"<noscript>{words['noscript']}</noscript>",
        "</form>",
        '<script defer src="../../assets/js/cost.js"></script>',
    ]
    return "\n".join(lines)


FIGURES = {
    "opening": opening,
    "opening_says": opening_says,
    "areas": areas,
    "roofline": roofline,
    "roofline_says": roofline_says,
    "caches": caches,
    "growth": growth,
    "training_says": training_says,
    "calculator": calculator,
}
