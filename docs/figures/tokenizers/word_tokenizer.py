"""Figures of the page tokenizers/word_tokenizer."""

from llm_book.publishing.figures import BLUE, GREEN, MUTED, ORANGE, arrow, canvas, cell, results
from llm_book.tokenizers.word_tokenizer import WordTokenizer, split_words

SENTENCES = ("The fox isn't lost.", "狐狸没有迷路。")
WORDS = {
    "en": {
        "title": "An English and a Chinese sentence, split into words",
        "description": (
            "The English sentence falls into ten pieces, each with an id. The Chinese sentence "
            "has no spaces and falls into two: the whole sentence, and its full stop."
        ),
        "ids": "ids",
        "pieces": "pieces",
        "growth": "Distinct words against words read, in Python's language reference",
        "growth_description": (
            "The curve bends, but at the end of the text it still climbs: new words never stop."
        ),
        "read": "words read",
        "distinct": "distinct words",
    },
    "zh": {
        "title": "一句英文和一句中文，按词切开",
        "description": (
            "英文句子切成十段，每段一个编号。中文句子没有空格，只切成两段：整句话，还有句号。"
        ),
        "ids": "编号",
        "pieces": "片段",
        "growth": "读过的词数与不同的词数（Python 语言参考手册）",
        "growth_description": "曲线弯了下去，可是到了文末还在上升：新词永远不会停。",
        "read": "读过的词数",
        "distinct": "不同的词数",
    },
}


def split(language: str):
    """Draw both sentences as pieces with their ids."""
    words = WORDS[language]
    figure, axes = canvas(690, 236, title=words["title"], description=words["description"])
    for top, sentence, color in zip((14, 132), SENTENCES, (BLUE, ORANGE), strict=True):
        tokenizer = WordTokenizer(sentence)
        axes.text(4, top + 33, words["pieces"], va="center", fontsize=11, color=MUTED)
        axes.text(4, top + 80, words["ids"], va="center", fontsize=11, color=MUTED)
        x = 62
        for piece in split_words(sentence):
            width = 30 + 14 * sum(2 if ord(character) > 255 else 1 for character in piece) * 0.72
            cell(axes, x, top + 16, width, 34, piece.replace(" ", "␣"), color=color, size=14)
            arrow(axes, (x + width / 2, top + 53), (x + width / 2, top + 68))
            number = str(tokenizer.vocab[piece])
            axes.text(x + width / 2, top + 81, number, ha="center", va="center", fontsize=13)
            x += width + 8
    return figure


def growth(language: str):
    """Plot the vocabulary against the words read."""
    words = WORDS[language]
    figure, axes = canvas(
        620, 300, title=words["growth"], description=words["growth_description"], plot=True
    )
    points = results("tokenizers/word_tokenizer")["results"]["growth"]
    axes.plot([p["words"] for p in points], [p["distinct"] for p in points], color=GREEN)
    axes.set(xlabel=words["read"], ylabel=words["distinct"], xlim=0, ylim=0)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.grid()
    return figure


def new_words(language: str) -> str:
    """Say how many words of the last tenth were new."""
    entry = results("tokenizers/word_tokenizer")
    r = entry["results"]
    share = r["new"] / r["rest"]
    examples = [f"`{word}`" for word in r["new_examples"]]
    if language == "en":
        return (
            f"The reference of Python {entry['machine']['python']} has {r['words']:,} words. A "
            f"vocabulary made of its first nine tenths still meets {r['new']:,} unknown words in "
            f"the last tenth, {share:.1%} of them all: {', '.join(examples)}, and so on."
        )
    return (
        f"Python {entry['machine']['python']} 的语言参考手册有 {r['words']:,} 个词。用前九成做词表，"
        f"最后一成里还有 {r['new']:,} 个词不认识，占 {share:.1%}，比如 {'、'.join(examples)}。"
    )


FIGURES = {"split": split, "growth": growth, "new_words": new_words}
