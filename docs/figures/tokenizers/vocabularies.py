"""Figures and tables of the page tokenizers/vocabularies."""

from llm_book.publishing.figures import BLUE, MUTED, ORANGE, canvas, cell, results, table

WORDS = {
    "en": {
        "title": "How GPT-2's tokenizer splits an English and a Chinese sentence",
        "description": (
            "The English sentence of six words and a full stop is eight tokens: naps is two. The Chinese sentence "
            "of nine characters is seventeen tokens: every character but the full stop is spelled "
            "in two pieces, which are no characters."
        ),
        "tokens": "{n} tokens",
        "head": ["", "ours", "tiktoken", "tokenizers"],
        "load": "reading the files, ms",
        "rows": {
            "english": "English, MB/s",
            "chinese": "Chinese, MB/s",
            "code": "code, MB/s",
        },
    },
    "zh": {
        "title": "GPT-2 的分词器怎样切一句英文和一句中文",
        "description": (
            "英文句子有六个词和一个句号，是八个词元，只有 naps 拆成了两个。中文句子有九个字和标点，却用了十七个词元：除了句号，"
            "每个字都拆成两段，哪一段都不是字。"
        ),
        "tokens": "{n} 个词元",
        "head": ["", "我们的", "tiktoken", "tokenizers"],
        "load": "读文件（毫秒）",
        "rows": {"english": "英文（MB/s）", "chinese": "中文（MB/s）", "code": "代码（MB/s）"},
    },
}


def show(token: bytes) -> str:
    """Write a token as text where it is text, else as hexadecimal bytes."""
    try:
        return token.decode().replace(" ", "␣")
    except UnicodeDecodeError:
        return token.hex(" ").upper()


def pieces(language: str):
    """Draw both sentences as the tokens that GPT-2 makes of them."""
    words = WORDS[language]
    figure, axes = canvas(690, 150, title=words["title"], description=words["description"])
    recorded = results("tokenizers/vocabularies")["results"]["pieces"]
    for top, name, color in ((22, "en", BLUE), (98, "zh", ORANGE)):
        tokens = [bytes.fromhex(piece) for piece in recorded[name]]
        note = words["tokens"].format(n=len(tokens))
        axes.text(4, top - 10, note, va="center", fontsize=10, color=MUTED)
        x = 4
        for token in tokens:
            text = show(token)
            width = 16 + 7.6 * len(text) if name == "en" else (46 if len(text) > 2 else 24)
            cell(axes, x, top, width, 30, text, color=color, size=12 if name == "en" else 10)
            x += width + 5
    return figure


def speed(language: str) -> str:
    """Table how fast each implementation loads GPT-2's vocabulary and encodes with it."""
    words = WORDS[language]
    measured = results("tokenizers/vocabularies")["results"]
    loading = measured["loading_seconds"]
    names = ("load_gpt2_vocabulary", "tiktoken", "tokenizers")
    rows = [[words["load"], *(f"{loading[name] * 1000:.0f}" for name in names)]]
    for name, label in words["rows"].items():
        speeds = measured["encoding"][name]["bytes_per_second"]
        numbers = (f"{speeds[name] / 1e6:.1f}" for name in ("ours", "tiktoken", "tokenizers"))
        rows.append([label, *numbers])
    return table(words["head"], rows)


def price(language: str) -> str:
    """Say what GPT-2's vocabulary costs in each language."""
    entry = results("tokenizers/vocabularies")
    english, chinese = (entry["results"]["encoding"][name] for name in ("english", "chinese"))
    letters = english["text_characters"] / english["tokens"]
    tokens = chinese["tokens"] / chinese["text_characters"]
    machine = f"{entry['machine']['processor']}, Python {entry['machine']['python']}"
    if language == "en":
        return (
            f"In English stories, a token of GPT-2 covers {letters:.1f} characters. In Chinese "
            f"stories, a character costs {tokens:.1f} tokens. All three implementations give the "
            f"same ids. Measured on {entry['date']} ({machine}), one thread each, in turn."
        )
    return (
        f"读英文故事，GPT-2 的一个词元管 {letters:.1f} 个字母；读中文故事，一个字要花 {tokens:.1f} 个词元。"
        f"三种实现给出的编号完全相同。{entry['date']} 测于 {machine}，都用一个线程，轮流计时。"
    )


FIGURES = {"pieces": pieces, "speed": speed, "price": price}
