"""Figures of the page data/token_files."""

import math
import tempfile
from pathlib import Path

from llm_book.data.token_files import HEADER, RandomWindows, TokenFile, write_token_file
from llm_book.publishing.figures import (
    BLUE,
    GRAY,
    GREEN,
    MUTED,
    ORANGE,
    PURPLE,
    RED,
    box,
    canvas,
    cell,
    results,
    table,
)
from llm_book.tokenizers.bpe import BPETokenizer

PAGE = 4096  # bytes that the system brings in together
H100 = 989e12  # operations a second in bfloat16, as published
WORDS = {
    "en": {
        "title": "The 70 bytes of a token file, one by one",
        "description": (
            "Five rows of hexadecimal bytes. 64 bytes of header: the letters llm_book, version 1, "
            "2 bytes a token, 258 entries in the vocabulary, 3 tokens, and 32 bytes of SHA-256. "
            "Then the three tokens of the text: a, space, and fox, two bytes each."
        ),
        "magic": "letters: llm_book",
        "version": "version: {}",
        "width": "bytes a token: {}",
        "vocab": "size of the vocabulary: {}",
        "count": "tokens: {}",
        "hash": "SHA-256 of the vocabulary",
        "pages": "The pages of a file that one batch touches",
        "pages_description": (
            "Two shards drawn as squares, one for each page of 4,096 bytes. The 16 windows of a "
            "batch lie on a few squares all over both shards; the others are not read."
        ),
        "shard": "shard {}",
        "touched": "{batch} windows of {context} tokens touch {touched} of {pages} pages",
        "head": ["source of the batches", "tokens a second"],
        "rates": {
            "limit": "what training GPT-2 (124M) can use at most on this machine",
            "cold": "random windows, file on the disk",
            "random_windows": "random windows, file in memory",
            "loader": "the loader of the last page, ids in memory",
            "gathered": "one fancy index into one mapped file",
            "copy": "a plain copy of as many bytes",
        },
    },
    "zh": {
        "title": "词元文件的 70 个字节，逐个来看",
        "description": (
            "五行十六进制字节。文件头 64 字节：llm_book 八个字母、版本 1、每个词元 2 字节、词表 258 项、"
            "共 3 个词元，再加 32 字节的 SHA-256。后面是文本的三个词元：a、空格和 fox，各占两个字节。"
        ),
        "magic": "字母：llm_book",
        "version": "版本：{}",
        "width": "词元字节数：{}",
        "vocab": "词表大小：{}",
        "count": "词元数：{}",
        "hash": "词表的 SHA-256",
        "pages": "一个批次碰到文件的哪些页",
        "pages_description": (
            "两个分片画成许多小方格，一格是 4096 字节的一页。一个批次的 16 个窗口散落在两个分片里，"
            "只占少数几格，其余的格子都没有读。"
        ),
        "shard": "分片 {}",
        "touched": "{batch} 个窗口，各 {context} 个词元：{pages} 页里只碰到 {touched} 页",
        "head": ["批次从哪里来", "每秒词元数"],
        "rates": {
            "limit": "在这台机器上训练 GPT-2（124M），最多用得掉",
            "cold": "随机窗口，文件在硬盘上",
            "random_windows": "随机窗口，文件在内存里",
            "loader": "上一页的加载器，编号在内存里",
            "gathered": "在一个映射文件上用一次花式索引",
            "copy": "单纯复制同样多的字节",
        },
    },
}


def header(language: str):
    """Draw the bytes of a file of three tokens."""
    words = WORDS[language]
    figure, axes = canvas(690, 276, title=words["title"], description=words["description"])
    tokenizer = BPETokenizer([(b"f", b"o"), (b"fo", b"x")])
    ids = tokenizer.encode("a fox")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fox.tokens"
        write_token_file(path, ids, tokenizer)
        content = path.read_bytes()
    _, version, width, vocab_size, n_tokens, _ = HEADER.unpack(content[: HEADER.size])
    fields = [
        (0, 8, BLUE, words["magic"]),
        (8, 12, ORANGE, words["version"].format(version)),
        (12, 16, PURPLE, words["width"].format(width)),
        (16, 24, GREEN, words["vocab"].format(vocab_size)),
        (24, 32, RED, words["count"].format(n_tokens)),
        (32, 64, GRAY, words["hash"]),
    ]
    for place, number in enumerate(ids):
        start = HEADER.size + width * place
        shown = tokenizer.decode([number]).replace(" ", "␣")
        fields.append((start, start + width, BLUE, f"{number}: {shown}"))
    size, left, row = 40, 42, 54
    for start, stop, color, label in fields:
        for place in range(start, stop):
            x, y = left + place % 16 * size, 20 + place // 16 * row
            cell(
                axes,
                x + 1,
                y,
                size - 2,
                26,
                f"{content[place]:02X}",
                color=color,
                family="monospace",
            )
        x, y = left + start % 16 * size, 20 + start // 16 * row
        axes.text(x + 2, y - 9, label, va="center", fontsize=10, color=color)
    for y in range(5):
        axes.text(left - 8, 33 + y * row, 16 * y, ha="right", va="center", fontsize=10, color=MUTED)
    return figure


def pages(language: str):
    """Draw which pages of two shards the first batch looks at: each token is its page's number."""
    words = WORDS[language]
    figure, axes = canvas(690, 218, title=words["pages"], description=words["pages_description"])
    lengths, context_length, batch_size = (240, 160), 256, 16
    per_page, in_header = PAGE // 2, HEADER.size // 2
    tokenizer = BPETokenizer([], {"<|last|>": sum(lengths) - 1})
    with tempfile.TemporaryDirectory() as folder:
        files, first = [], 0
        for shard, length in enumerate(lengths):
            numbers = (first + n // per_page for n in range(in_header, length * per_page))
            write_token_file(Path(folder) / f"{shard}", numbers, tokenizer)
            files.append(TokenFile(Path(folder) / f"{shard}"))
            first += length
        inputs, targets = RandomWindows(files, context_length, batch_size).batch(0)
        touched = set(inputs.flatten().tolist()) | set(targets.flatten().tolist())
        del files
    columns, side, page, top = 40, 15.5, 0, 14
    for shard, (length, color) in enumerate(zip(lengths, (BLUE, ORANGE), strict=True)):
        axes.text(4, top + 7, words["shard"].format(shard), va="center", fontsize=10, color=color)
        for place in range(length):
            x, y = 66 + place % columns * side, top + place // columns * side
            style = {"edgecolor": color, "linewidth": 0.5}
            box(axes, x, y, side - 2.5, side - 2.5, **style)
            if page in touched:
                box(axes, x, y, side - 2.5, side - 2.5, facecolor=color, edgecolor=color)
            page += 1
        top += math.ceil(length / columns) * side + 12
    text = words["touched"].format(
        batch=batch_size, context=context_length, touched=len(touched), pages=page
    )
    axes.text(66, top + 6, text, va="center", fontsize=11)
    return figure


def rates(language: str) -> str:
    """Table how fast batches come, beside what training can use."""
    words, measured = WORDS[language], results("data/token_files")["results"]
    speeds = dict(measured["reading"]["tokens_per_second"])
    speeds["limit"] = measured["reading"]["gpt2_training_limit"]
    if measured["cold"] is not None:
        speeds["cold"] = measured["cold"]["tokens_per_second"]
    rows = [
        [label, f"{float(f'{speeds[name]:.3g}'):,.0f}"]
        for name, label in words["rates"].items()
        if name in speeds
    ]
    return table(words["head"], rows)


def reading(language: str) -> str:
    """Say what the table of rates means."""
    entry = results("data/token_files")
    machine, measured = entry["machine"], entry["results"]
    numbers, cold = measured["reading"], measured["cold"]
    limit, memory = numbers["gpt2_training_limit"], numbers["tokens_per_second"]["random_windows"]
    operations = numbers["operations_per_second"] / 1e9
    gpu = H100 / (6 * 124e6)
    if language == "en":
        text = (
            f"Measured on {entry['date']} with Python {machine['python']} on {machine['processor']}, "
            f"{machine['cores']} cores, in batches of {numbers['batch_size']} windows of "
            f"{numbers['context_length']:,} tokens. A matrix product runs at {operations:.0f} billion "
            f"operations a second here, so training can use {limit:,.0f} tokens a second, and "
            f"windows from memory come {number(memory / limit)} times as fast."
        )
        if cold is not None:
            disk = cold["tokens_per_second"]
            text += (
                f" From the disk, a window takes {cold['milliseconds_per_window']:.1f} ms, which is "
                f"{memory / disk:,.0f} times slower and still {number(disk / limit)} times as fast "
                f"as training. For comparison, an H100 at its published "
                f"peak could use {gpu / 1e6:.1f} million tokens a second of this small model, and "
                f"this disk gives {disk / 1e6:.1f} million."
            )
        return text
    text = (
        f"{entry['date']} 测于 {machine['processor']}，{machine['cores']} 核，Python {machine['python']}，"
        f"每批 {numbers['batch_size']} 个窗口，每个 {numbers['context_length']} 个词元。"
        f"这台机器做矩阵乘法每秒 {operations * 10:,.0f} 亿次运算，所以训练每秒最多用掉 {limit:,.0f} 个词元，"
        f"而从内存里取窗口，速度是它的 {number(memory / limit, '万')}倍。"
    )
    if cold is not None:
        disk = cold["tokens_per_second"]
        text += (
            f"从硬盘上读，一个窗口要 {cold['milliseconds_per_window']:.1f} 毫秒，"
            f"比内存慢 {memory / disk:,.0f} 倍，但还是训练的 {number(disk / limit, '万')}倍。"
            f"作个比较：按公布的峰值，一块 H100 训练这么小的模型，"
            f"每秒能用 {gpu / 1e4:.0f} 万个词元，这块硬盘给得出 {disk / 1e4:.0f} 万个。"
        )
    return text


def number(value: float, unit: str = "") -> str:
    """Round to two digits, in units of ten thousand if that is what is asked."""
    value = round(value, 1 - math.floor(math.log10(value)))
    if unit and value >= 1e4:
        return f"{value / 1e4:,.0f} {unit}"
    return f"{value:,.0f} " if unit else f"{value:,.0f}"


def writing(language: str) -> str:
    """Say how fast shards are written."""
    measured = results("data/token_files")["results"]["writing"]
    one, two = (measured["tokens_per_second"][workers] for workers in ("1", "2"))
    size, shards = measured["text_bytes"] / 1e6, measured["shards"]
    hours = 10e9 / max(one, two) / 3600
    if language == "en":
        return (
            f"To write, one process turns {size:.0f} MB of text into {shards} shards at "
            f"{one / 1e6:.1f} million tokens a second, two processes at {two / 1e6:.1f} million. "
            f"At the faster of the two, ten billion tokens take {hours:.1f} hours."
        )
    return (
        f"写文件这边，把 {size:.0f} MB 文本写成 {shards} 个分片，一个进程每秒 {one / 1e4:.0f} 万个词元，"
        f"两个进程每秒 {two / 1e4:.0f} 万个。照快的那个算，一百亿个词元要写 {hours:.1f} 小时。"
    )


FIGURES = {
    "header": header,
    "pages": pages,
    "rates": rates,
    "reading": reading,
    "writing": writing,
}
