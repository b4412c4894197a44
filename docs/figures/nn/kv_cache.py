"""Figures and tables of the page nn/kv_cache."""

import torch

from llm_book.exercises.nn.kv_cache_solution import cache_bytes
from llm_book.nn.kv_cache import KVCache
from llm_book.nn.self_attention import attention_weights, causal_mask
from llm_book.publishing.figures import BLUE, MUTED, ORANGE, RED, box, canvas, cell, results, table

KEYS = [(0, 0), (2, 2), (0, 0), (-1, -1), (1, 0), (1, 0)]
TOKENS = {
    "en": ["The", "fox", "found", "jam", ";", "it", "grinned"],
    "zh": ["狐狸", "找到", "果酱", "，", "它", "笑了", "。"],
}
SENTENCE = {
    "en": ["The", "fox", "found", "jam", "it", "grinned"],
    "zh": ["狐狸", "找到", "果酱", "，", "它", "笑了"],
}
ORDER = {"en": [0, 1, 2, 3, 4, 5], "zh": [1, 2, 3, 0, 4, 5]}
MODELS = [  # name, layers, key-value heads, width of a head, tokens, window
    ("GPT-2 124M", 12, 12, 64, 1024, None),
    ("GPT-3 175B", 96, 96, 128, 2048, None),
    ("Llama 2 7B", 32, 32, 128, 4096, None),
    ("Llama 3 8B", 32, 8, 128, 8192, None),
    ("Mistral 7B", 32, 8, 128, 8192, 4096),
    ("Llama 3.1 405B", 126, 8, 128, 131_072, None),
]
WORDS = {
    "en": {
        "steps": "The keys that each step computes, without and with a cache",
        "steps_description": (
            "Two triangles of six rows, a row for each step of writing a sentence of six words. "
            "On the left all 21 keys are computed. On the right only the last of each row, 6 in "
            "all; the other 15 are kept from the step before."
        ),
        "without": "without a cache: 21 keys computed",
        "with": "with a cache: 6 keys computed",
        "step": "step",
        "new": "computed",
        "kept": "kept",
        "ring": "The slots of a ring of four while seven tokens arrive",
        "ring_description": (
            "Seven rows, a row for each token that arrives. The first four tokens fill the slots "
            "0 to 3. The tokens 4, 5, and 6 then take the slots 0, 1, and 2 of the tokens 0, 1, "
            "and 2. At the end the slots hold the positions 4, 5, 6, 3."
        ),
        "after": "after token",
        "slot": "slot",
        "memory": "keys in the order of the slots",
        "chunk": "Which keys a chunk of three tokens sees with a window of four",
        "chunk_description": (
            "A table of three queries, at positions 4, 5, and 6, and the keys 0 to 6. Query 4 "
            "sees the keys 1 to 4, query 5 the keys 2 to 5, query 6 the keys 3 to 6. Together "
            "they need six keys, 1 to 6. The last four keys alone lack the keys 1 and 2."
        ),
        "query": "query",
        "key": "key",
        "last": "the last 4 keys: too few",
        "need": "4 + 3 − 1 = 6 keys are needed",
        "curve": "Milliseconds for the next token of GPT-2 124M, with and without a cache",
        "curve_description": (
            "Two curves against the number of tokens, both axes logarithmic. Without a cache the "
            "time climbs with the length, to about a second at 1,000 tokens. With a cache it "
            "stays nearly level."
        ),
        "tokens": "tokens so far",
        "milliseconds": "milliseconds for the next token",
        "uncached": "without a cache",
        "cached": "with a cache",
        "head": ["model", "$L$", "$K$", "$D$", "bytes a token", "tokens", "GB for one row"],
        "hand": ["token", "key", "value", "score with *it*", "divided by √2", "weight"],
        "window": "{} (window {:,})",
    },
    "zh": {
        "steps": "没有缓存和有缓存时，每一步要算哪些键",
        "steps_description": (
            "两个六行的三角形，一行是写一句话的一步，一共六个词元。左边每一步都从头算，共算 21 个键；"
            "右边每行只算最后一个，共 6 个，其余 15 个是上一步留下的。"
        ),
        "without": "没有缓存：算 21 个键",
        "with": "有缓存：算 6 个键",
        "step": "第 {} 步",
        "new": "新算",
        "kept": "留着",
        "ring": "七个词元依次进来，四格的环里装着什么",
        "ring_description": (
            "七行，一行对应一个新来的词元。前四个词元占满第 0 到第 3 格；词元 4、5、6 再依次顶替词元 0、1、2，"
            "用它们的第 0、1、2 格。最后各格的位置是 4、5、6、3。"
        ),
        "after": "词元 {} 之后",
        "slot": "第 {} 格",
        "memory": "各格里的键",
        "chunk": "窗口为 4，一次来三个词元，各看得见哪些键",
        "chunk_description": (
            "三个查询的位置是 4、5、6，键的位置是 0 到 6。查询 4 看键 1 到 4，查询 5 看键 2 到 5，"
            "查询 6 看键 3 到 6。合起来要用键 1 到 6，共六个；只留最后四个键，就缺了键 1 和键 2。"
        ),
        "query": "查询 {}",
        "key": "键",
        "last": "最后 4 个键：不够",
        "need": "要用 4 + 3 − 1 = 6 个键",
        "curve": "GPT-2 124M 写下一个词元要多少毫秒，有缓存和没有缓存",
        "curve_description": (
            "横轴是已有的词元数，纵轴是毫秒，两轴都是对数刻度。没有缓存，时间随长度上升，到 1000 个词元约为一秒；"
            "有缓存，曲线几乎是平的。"
        ),
        "tokens": "已有的词元数",
        "milliseconds": "写下一个词元的毫秒数",
        "uncached": "没有缓存",
        "cached": "有缓存",
        "head": ["模型", "$L$", "$K$", "$D$", "每词元字节数", "词元数", "一行共多少 GB"],
        "hand": ["词元", "键", "值", "与“它”的分数", "除以 √2", "权重"],
        "window": "{}（窗口 {}）",
    },
}


def label(text: str, number: int) -> str:
    """Put a number into a label, at its end if no place is marked."""
    return text.format(number) if "{}" in text else f"{text} {number}"


def write(key: tuple[int, ...]) -> str:
    """Write a key as in the text."""
    return ", ".join(str(number) for number in key).replace("-", "−")


def legend(axes, left: float, y: float, words: dict) -> None:
    """Say which color is new and which is kept."""
    for x, name, color, strength in (
        (left, "new", ORANGE, 0.4),
        (left + 110, "kept", BLUE, 0.12),
    ):
        cell(axes, x, y, 22, 16, color=color, strength=strength)
        axes.text(x + 30, y + 8, words[name], va="center")


def steps(language: str):
    """Draw the keys of every step, computed or kept."""
    words, tokens = WORDS[language], SENTENCE[language]
    keys = [KEYS[i] for i in ORDER[language]]
    width, height, top = 51, 30, 58
    figure, axes = canvas(
        690, top + 6 * height + 34, title=words["steps"], description=words["steps_description"]
    )
    for left, name in ((58, "without"), (380, "with")):
        axes.text(left + 3 * width, 14, words[name], ha="center", va="center", fontsize=12)
        cache = KVCache(1, 6, (2,))
        for t, token in enumerate(tokens):
            x = left + width * t
            axes.text(x + width / 2, top - 14, token, ha="center", va="center", fontsize=10.5)
            new = torch.tensor([[keys[t]]], dtype=torch.float32)
            seen = cache.update(new, new, torch.tensor([t]))[0][0].int().tolist()
            y = top + height * t
            for i, key in enumerate(seen):
                fresh = i == t or name == "without"
                style = {"color": ORANGE if fresh else BLUE, "strength": 0.4 if fresh else 0.12}
                place = (left + width * i + 2, y + 2, width - 4, height - 4)
                cell(axes, *place, write(key), size=10, **style)
            if name == "without":
                step = label(words["step"], t + 1)
                axes.text(left - 6, y + height / 2, step, ha="right", va="center", color=MUTED)
    legend(axes, 58, top + 6 * height + 12, words)
    return figure


def ring(language: str):
    """Draw what the slots of a window of four hold after each of seven tokens."""
    words, tokens = WORDS[language], TOKENS[language]
    left, top, width, height = 200, 36, 96, 32
    figure, axes = canvas(
        left + 4 * width + 6,
        top + 7 * height + 34,
        title=words["ring"],
        description=words["ring_description"],
    )
    for slot in range(4):
        place = (left + width * (slot + 0.5), top - 14)
        axes.text(*place, label(words["slot"], slot), ha="center", va="center", color=MUTED)
    cache = KVCache(1, 7, (1,), window=4)
    for t, token in enumerate(tokens):
        number = torch.full((1, 1, 1), float(t))  # the key says which token it is
        cache.update(number, number, torch.tensor([t]))
        y = top + height * t
        text = f"{label(words['after'], t)}: {token}" if language == "en" else (
            f"{label(words['after'], t)}（{token}）"
        )  # fmt: skip
        axes.text(left - 14, y + height / 2, text, ha="right", va="center")
        for slot, position in enumerate(cache.positions[0].tolist()):
            x = left + width * slot + 2
            if position < 0:
                box(axes, x, y + 2, width - 4, height - 4, linestyle=":")
                continue
            held = tokens[int(cache.keys[0, slot, 0])]
            style = {"color": ORANGE, "strength": 0.4} if position == t else {"strength": 0.12}
            cell(axes, x, y + 2, width - 4, height - 4, f"{held}  {position}", **style)
    legend(axes, left + 2, top + 7 * height + 12, words)
    return figure


def chunk(language: str):
    """Draw the mask of a chunk of three tokens with a window of four."""
    words, tokens = WORDS[language], TOKENS[language]
    left, top, size, height = 90, 48, 74, 32
    figure, axes = canvas(
        left + 7 * size + 6, top + 3 * height + 66, title=words["chunk"],
        description=words["chunk_description"],
    )  # fmt: skip
    mask = causal_mask(torch.arange(4, 7), torch.arange(7), window=4)
    for i, token in enumerate(tokens):
        x = left + size * (i + 0.5)
        axes.text(x, 13, f"{words['key']} {i}", ha="center", va="center", color=MUTED)
        axes.text(x, 33, token, ha="center", va="center")
    for row, seen in enumerate(mask.tolist()):
        y = top + height * row
        query = label(words["query"], row + 4)
        axes.text(left - 8, y + height / 2, query, ha="right", va="center")
        for i, visible in enumerate(seen):
            x = left + size * i + 2
            if visible:
                cell(axes, x, y + 2, size - 4, height - 4, "✓", strength=0.25)
            else:
                box(axes, x, y + 2, size - 4, height - 4, linestyle=":")
    bottom = top + 3 * height
    for first, y, name, color in ((1, bottom + 14, "need", BLUE), (3, bottom + 42, "last", RED)):
        start, end = left + size * first + 2, left + 7 * size - 2
        axes.plot([start, end], [y, y], color=color, linewidth=2)
        for x in (start, end):
            axes.plot([x, x], [y - 5, y], color=color, linewidth=2)
        axes.text((start + end) / 2, y + 12, words[name], ha="center", va="center", fontsize=10.5)
    return figure


def curve(language: str):
    """Plot the measured time of a step against the length."""
    words = WORDS[language]
    figure, axes = canvas(
        660, 320, title=words["curve"], description=words["curve_description"], plot=True
    )
    rows = results("nn/kv_cache")["results"]["steps"]
    lengths = [row["length"] for row in rows]
    for name, color, style in (("uncached", ORANGE, "-o"), ("cached", BLUE, "-s")):
        times = [row[f"{name}_milliseconds"] for row in rows]
        axes.plot(lengths, times, style, color=color, markersize=4)
        place = (lengths[-1], times[-1])
        axes.annotate(words[name], place, (10, 0), textcoords="offset points", va="center")
    axes.set(xscale="log", yscale="log", xlabel=words["tokens"], ylabel=words["milliseconds"])
    axes.set_xticks(lengths, [str(length) for length in lengths])
    axes.set_yticks([10, 30, 100, 300, 1000], ["10", "30", "100", "300", "1000"])
    axes.minorticks_off()
    axes.set_xlim(13, 3000)
    axes.set_ylim(bottom=10)
    axes.grid()
    return figure


def sizes(language: str) -> str:
    """Table the bytes of published models, two bytes a number."""
    words = WORDS[language]
    rows = []
    for name, n_layers, n_kv_heads, head_dim, length, window in MODELS:
        shape = (n_layers, n_kv_heads, head_dim)
        token = cache_bytes(*shape, 1, bytes_per_number=2)
        whole = cache_bytes(*shape, length, bytes_per_number=2, window=window)
        if window is not None:
            name = words["window"].format(name, window)
        numbers = [str(size) for size in shape]
        rows.append([name, *numbers, f"{token:,}", f"{length:,}", f"{whole / 1e9:.2f}"])
    text = table(words["head"], rows)
    return text if language == "en" else text.replace(",", "")


def hand(language: str) -> str:
    """Table the row of the pronoun, from what lies in the cache to its weights."""
    words = WORDS[language]
    values = [(0, 0), (2, 0), (0, 1), (-1, 0), (0, 0)]
    keys = torch.tensor(KEYS[:5], dtype=torch.float32)
    scores = keys @ torch.tensor([1.0, 0.0])
    weights = attention_weights(torch.tensor([[1.0, 0.0]]), keys)[0]
    rows = []
    for word, i in zip(SENTENCE[language][:5], ORDER[language][:5], strict=True):
        numbers = (f"{float(scores[i]):.0f}", f"{float(scores[i]) / 2**0.5:.3f}")
        score, scaled = (number.replace("-", "−") for number in numbers)
        key, value = (f"({write(row[i])})".replace(" ", "\u00a0") for row in (KEYS, values))
        rows.append([word, key, value, score, scaled, f"{float(weights[i]):.3f}"])
    return table(words["hand"], rows)


def measured(language: str) -> str:
    """Say what the curve shows."""
    entry = results("nn/kv_cache")
    rows, cores = entry["results"]["steps"], entry["machine"]["cores"]
    first, last = rows[0], rows[-1]
    at = {row["length"]: row["ratio"] for row in rows}
    slower = last["cached_milliseconds"] / first["cached_milliseconds"] - 1
    if language == "en":
        return (
            f"At 512 tokens the cache is worth a factor of {at[512]:.0f}, at "
            f"{last['length']:,} tokens one of {last['ratio']:.0f}, on {cores} cores of a "
            "processor. With the cache, the step at "
            f"{last['length']:,} tokens takes {last['cached_milliseconds']:.0f} ms, "
            f"{100 * slower:.0f}% more than the one at {first['length']}."
        )
    return (
        f"在处理器的 {cores} 个核上，写到第 512 个词元，没有缓存要花 {at[512]:.0f} 倍的时间；"
        f"写到第 {last['length']} 个，是 {last['ratio']:.0f} 倍。有缓存时，第 {last['length']} 个词元用 "
        f"{last['cached_milliseconds']:.0f} 毫秒，比第 {first['length']} 个只多 {100 * slower:.0f}%。"
    )


def storing(language: str) -> str:
    """Say what storing one token costs in memory taken once and in new memory."""
    rows = results("nn/kv_cache")["results"]["steps"]
    times = [
        [row["store_microseconds"][name] for row in (rows[0], rows[-1])]
        for name in ("taken once", "new for every token")
    ]
    (once_short, once_long), (new_short, new_long) = times
    short, long = rows[0]["length"], rows[-1]["length"]
    if language == "en":
        return (
            "Storing one token in one layer takes our cache "
            f"{once_short:.0f} µs at {short} tokens and {once_long:.0f} µs at {long:,}. Joining with "
            f"`torch.cat` takes {new_short:.0f} µs and {new_long:.0f} µs: for a short text it is "
            "the faster of the two, and it grows with the text."
        )
    return (
        f"在一层里存一个词元，我们的缓存在 {short} 个词元时用 {once_short:.0f} 微秒，{long} 个时用 "
        f"{once_long:.0f} 微秒。用 `torch.cat` 拼接，则从 {new_short:.0f} 微秒涨到 {new_long:.0f} "
        "微秒：文本短的时候它反而快，只是文本越长，它越慢。"
    )


FIGURES = {
    "hand": hand,
    "steps": steps,
    "ring": ring,
    "chunk": chunk,
    "curve": curve,
    "sizes": sizes,
    "measured": measured,
    "storing": storing,
}
