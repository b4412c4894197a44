"""Figures and tables of the page tokenizers/bpe."""

from llm_book.publishing.figures import BLUE, ORANGE, canvas, cell, results, table
from llm_book.tokenizers.bpe import train_bpe

TEXT = "fox foxes, a fox, two foxes; 狐狸，小狐狸，老狐狸。"
WORDS = {
    "en": {
        "title": "The merges that make ␣foxes and 狐狸 out of their bytes, as trees",
        "description": (
            "Above the bytes of each word stand the tokens that the merges make of them. On the "
            "left, f and o join first, then fox, then fox with its space, then es, then the whole "
            "word. On the right, the first two bytes of both characters join, then the end of "
            "the first character with the beginning of the second."
        ),
        "curves": "Bytes of text per token against the size of the vocabulary",
        "curves_description": (
            "Where the tokenizer was trained on the language it reads, the bytes per token rise "
            "with the vocabulary: for English up to a limit, for Chinese on and on. Where it was "
            "trained on the other language, a token stays about one byte."
        ),
        "vocab": "size of the vocabulary",
        "bytes": "bytes per token",
        "read": {"en": "English stories", "zh": "Chinese stories"},
        "foreign": "either, trained on the other",
        "task": ["", "ours", "tiktoken", "tokenizers"],
        "train": "training, {mb:.0f} MB of code, {merges:,} merges",
        "encode": {
            "code": "encoding code, MB/s",
            "english": "encoding English, MB/s",
            "chinese": "encoding Chinese, MB/s",
        },
    },
    "zh": {
        "title": "字节怎样一步步合并成 ␣foxes 和“狐狸”",
        "description": (
            "每个词的字节上方，是合并出来的词元。左边先合并 f 和 o，再是 fox，再加上空格，再是 es，"
            "最后是整个词。右边先合并两个字各自的前两个字节，再把前一个字的末尾和后一个字的开头合在一起。"
        ),
        "curves": "词表大小与每个词元平均对应的字节数",
        "curves_description": (
            "分词器读的正是它训练过的语言时，词表越大，每个词元对应的字节越多：英文到一定程度就停住，"
            "中文一直往上。换成另一种语言，一个词元始终差不多就是一个字节。"
        ),
        "vocab": "词表大小",
        "bytes": "每个词元的字节数",
        "read": {"en": "英文故事", "zh": "中文故事"},
        "foreign": "换一种语言读",
        "task": ["", "我们的", "tiktoken", "tokenizers"],
        "train": "训练：{mb:.0f} MB 代码，{merges:,} 次合并",
        "encode": {
            "code": "编码代码（MB/s）",
            "english": "编码英文（MB/s）",
            "chinese": "编码中文（MB/s）",
        },
    },
}


def show(token: bytes) -> str:
    """Write a token as text where it is text, else as hexadecimal bytes."""
    try:
        return token.decode().replace(" ", "␣")
    except UnicodeDecodeError:
        return token.hex(" ").upper()


def merge_tree(language: str):
    """Draw how two words grow out of their bytes."""
    words = WORDS[language]
    figure, axes = canvas(690, 266, title=words["title"], description=words["description"])
    tokenizer = train_bpe(TEXT, vocab_size=267)
    for left, word, color, width in ((6, " foxes", BLUE, 46), (336, "狐狸", ORANGE, 58)):
        pieces = [(bytes([byte]), left + i * width, 230) for i, byte in enumerate(word.encode())]
        for token, x, y in pieces:
            cell(axes, x + 3, y, width - 6, 28, show(token), color=color, strength=0.08)
        for rank, merge in enumerate(tokenizer.merges, start=1):
            i = 0
            while i + 1 < len(pieces):
                (a, x, low), (b, x_right, low_right) = pieces[i : i + 2]
                if (a, b) != merge:
                    i += 1
                    continue
                size = width * len(a + b)
                y = min(low, low_right) - 54
                for child, place, top in ((a, x, low), (b, x_right, low_right)):
                    middle = place + width * len(child) / 2
                    axes.plot([middle, middle], [top, y + 28], color=color, linewidth=1.2)
                cell(axes, x + 3, y, size - 6, 28, show(a + b), color=color, strength=0.2)
                axes.text(x + 9, y + 14, rank, va="center", fontsize=9, color=color)
                pieces[i : i + 2] = [(a + b, x, y)]
    return figure


def bytes_per_token(language: str):
    """Plot what a larger vocabulary buys, on the language of the training and on the other."""
    words = WORDS[language]
    figure, axes = canvas(
        660, 330, title=words["curves"], description=words["curves_description"], plot=True
    )
    measured = results("tokenizers/bpe")["results"]["vocabulary"]
    sizes = measured["vocab_sizes"]
    for read, other, color in (("en", "zh", BLUE), ("zh", "en", ORANGE)):
        own, foreign = (measured["bytes_per_token"][read][name] for name in (read, other))
        axes.plot(sizes, own, color=color, marker="o", markersize=3)
        axes.plot(sizes, foreign, "--", color=color)
        axes.annotate(
            words["read"][read],
            (sizes[-1], own[-1]),
            (8, 0),
            textcoords="offset points",
            va="center",
        )
    axes.annotate(
        words["foreign"], (sizes[-1], foreign[-1]), (8, 0), textcoords="offset points", va="center"
    )
    axes.set(xscale="log", ylim=0, xlabel=words["vocab"], ylabel=words["bytes"])
    axes.set_xticks(
        [256, 512, 1024, 2048, 4096, 8192], ["256", "512", "1024", "2048", "4096", "8192"]
    )
    axes.minorticks_off()
    axes.set_xlim(240, 40_000)
    axes.grid()
    return figure


def speed(language: str) -> str:
    """Table the speeds of the three implementations."""
    words = WORDS[language]
    measured = results("tokenizers/bpe")["results"]
    training = measured["training"]
    task = words["train"].format(mb=training["text_bytes"] / 1e6, merges=training["merges"])
    ours, theirs = training["seconds"]["ours"], training["seconds"]["tokenizers"]
    rows = [[task, f"{ours:.1f} s", "–", f"{theirs:.1f} s"]]
    for kind, label in words["encode"].items():
        speeds = measured["encoding"][kind]["bytes_per_second"]
        megabytes = [f"{speeds[name] / 1e6:.1f}" for name in ("ours", "tiktoken", "tokenizers")]
        rows.append([label, *megabytes])
    return table(words["task"], rows)


def measured(language: str) -> str:
    """Say what the table and the stream's run show."""
    entry = results("tokenizers/bpe")
    numbers, machine = entry["results"], entry["machine"]
    ours, theirs = (numbers["training"]["seconds"][name] for name in ("ours", "tokenizers"))
    stream = numbers["stream"]
    size, grown = stream["text_bytes"] / 1e6, stream["memory_growth_bytes"] / 1e6
    date = entry["date"]
    rates = [each["bytes_per_second"] for each in numbers["encoding"].values()]
    slowest, fastest = (
        100 * kind(rate["ours"] / rate["tiktoken"] for rate in rates) for kind in (min, max)
    )
    if language == "en":
        return (
            f"Measured on {date} with Python {machine['python']} on {machine['processor']}, one "
            f"thread each, in turn in the same run. To train, we need {ours / theirs:.2f} times as "
            f"long as `tokenizers`, whose code is compiled Rust, and learn the same merges. Our "
            f"encoder is Python, and because it remembers words it still has {slowest:.0f} to "
            f"{fastest:.0f}% of the speed of tiktoken. A stream of {size:.0f} MB through `encode_iterable` made the process grow by {grown:.0f} MB."
        )
    return (
        f"{date} 测于 {machine['processor']}，Python {machine['python']}，都用一个线程，同一次运行里轮流"
        f"计时。训练用时是 `tokenizers` 的 {ours / theirs:.2f} 倍，学到的合并完全相同，而它是编译好的 Rust "
        f"代码。我们的编码器是用 Python 写的，靠记住见过的词，速度也有 "
        f"tiktoken 的 {slowest:.0f}% 到 {fastest:.0f}%。让 {size:.0f} MB 的文本流过 "
        f"`encode_iterable`，进程多占了 {grown:.0f} MB 内存。"
    )


FIGURES = {
    "merge_tree": merge_tree,
    "bytes_per_token": bytes_per_token,
    "speed": speed,
    "measured": measured,
}
