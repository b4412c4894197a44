"""Figures and recorded output of the page tour."""

import textwrap

from llm_book.publishing.figures import (
    BLUE,
    GRAY,
    GREEN,
    MUTED,
    ORANGE,
    PURPLE,
    RED,
    arrow,
    canvas,
    cell,
    results,
)
from llm_book.tour import STEPS

COLORS = (BLUE, ORANGE, GREEN, PURPLE, RED)
WORDS = {
    "en": {
        "way": "The way of the tour, with the numbers of a real run",
        "way_description": (
            "Six rows from top to bottom. The beginning of a story; its first tokens in boxes; "
            "the number of each token; the first numbers of the vector of each; "
            "the token that the trained model expects next; the beginning of the story that the trained "
            "model tells."
        ),
        "rows": ["text", "tokens", "ids", "vectors", "next token", "story"],
        "pages": ["data/stories", "tokenizers/bpe", "", "nn/embedding", "models/gpt2",
                  "generation/generate"],
        "counts": ["{characters:,} characters", "{vocab_size:,} kinds", "{vocab_size:,} numbers",
                   "{dim} numbers each", "likeliest of {vocab_size:,}", "one token at a time"],
        "curve": "The loss of the tour against its steps, and the floor",
        "curve_description": (
            "A curve that falls steeply in the first steps and then slowly, and a dashed line "
            "below it, the lowest loss that any model can have."
        ),
        "step": "step",
        "loss": "nats per character",
        "floor": "floor: {:.3f}",
    },
    "zh": {
        "way": "游览的路线，数字出自一次真实的运行",
        "way_description": (
            "从上到下六行：一个故事的开头；它的头几个词元，各占一格；每个词元的编号；每个编号变成的一行数，"
            "也就是向量的开头；训练好的模型认为接下来最可能是哪个词元；训练好的模型讲的故事的开头。"
        ),
        "rows": ["文本", "词元", "编号", "向量", "下一个词元", "故事"],
        "pages": ["data/stories", "tokenizers/bpe", "", "nn/embedding", "models/gpt2",
                  "generation/generate"],
        "counts": ["{characters:,} 个字", "{vocab_size:,} 种", "{vocab_size:,} 个",
                   "每个 {dim} 个数", "{vocab_size:,} 种里最可能的", "一次一个词元"],
        "curve": "游览中损失随步数变化，以及最低值",
        "curve_description": "曲线在头几步陡降，之后缓缓下降；下面的虚线是任何模型都低不过的损失。",
        "step": "步",
        "loss": "每字的奈特数",
        "floor": "最低：{:.3f}",
    },
}  # fmt: skip


def run(language: str) -> dict:
    """Return the recorded tour in a language."""
    return results("tour")["results"][language]


def way(language: str):
    """Draw how the beginning of a story goes through the model."""
    words, mine = WORDS[language], run(language)
    figure, axes = canvas(690, 376, title=words["way"], description=words["way_description"])
    sizes = mine | {"dim": results("tour")["results"]["dim"]}
    left, width, step = 150, 66, 62

    for row, (name, page, count) in enumerate(
        zip(words["rows"], words["pages"], words["counts"], strict=True)
    ):
        y = 32 + step * row
        axes.text(4, y - 14, name, va="center", fontsize=12.5, fontweight="bold")
        axes.text(4, y + 2, count.format(**sizes), va="center", fontsize=10)
        axes.text(4, y + 17, page, va="center", fontsize=9, color=MUTED)
        if row > 0:
            arrow(axes, (left + 4 * width, y - 34), (left + 4 * width, y - 20))

    def quoted(row: int, text: str, n: int) -> None:
        line = " ".join(text.split("\ufffd")[0].split())[:n] + " …"
        cell(axes, left, 16 + step * row, 8 * width, 32, line, color=GRAY, strength=0.08)

    quoted(0, "".join(mine["pieces"]), 62 if language == "en" else 34)
    quoted(5, mine["story"], 62 if language == "en" else 34)
    columns = zip(
        mine["pieces"], mine["ids"], mine["vectors"], mine["expected"], mine["probabilities"],
        strict=False,
    )  # fmt: skip
    for place, (piece, number, vector, expected, probability) in enumerate(columns):
        x, color = left + width * place, COLORS[place % len(COLORS)]
        cell(axes, x + 2, 16 + step, width - 4, 32, visible(piece), color=color, **fitting(piece))
        axes.text(x + width / 2, 32 + 2 * step, str(number), ha="center", va="center", color=color)
        for index, value in enumerate(vector):
            y = 16 + 3 * step
            size = (width - 6) / len(vector)
            strength = min(0.9, abs(value) / 0.5)
            cell(axes, x + 3 + size * index, y, size, 32, color=color, strength=strength)
        style = {"strength": 0.5 * probability, **fitting(expected)}
        cell(axes, x + 2, 16 + 4 * step, width - 4, 32, visible(expected), color=GREEN, **style)
    return figure


def fitting(piece: str) -> dict:
    """Return a size at which a token fits into its cell."""
    width = sum(1.0 if ord(letter) > 0x2E80 else 0.62 for letter in piece)
    return {"size": min(10.5, 58 / max(1.0, width))}


def visible(piece: str) -> str:
    """Show spaces and line ends."""
    return piece.replace(" ", "␣").replace("\n", "⏎")


def console(language: str) -> str:
    """Show what the tour has printed."""
    width = {"en": 78, "zh": 40}[language]
    wrapped = (
        textwrap.fill(line, width, subsequent_indent=" " * (len(line) - len(line.lstrip())))
        for said in run(language)["lines"]
        for line in said.splitlines()
    )
    return "``` { .text .output }\n" + "\n".join(wrapped) + "\n```"


def recorded(language: str) -> str:
    """Say which command was recorded, and how its steps compare with the default."""
    steps = results("tour")["results"]["steps"]
    command = f"`python -m llm_book.tour --language {language} --steps {steps}`"
    if language == "en":
        fewer = f", with fewer steps than the default of {STEPS}" if steps < STEPS else ""
        return (
            f"This is what {command} has printed on our machine{fewer}. On another machine the "
            "last digits may differ, and with them the story."
        )
    fewer = f"，步数比默认的 {STEPS} 少" if steps < STEPS else ""
    return (
        f"{command} 在我们的机器上打印了下面这些{fewer}。换一台机器，末几位数字可能不同，"
        "故事也就不同。"
    )


def judged(mine: dict, language: str) -> str:
    """Say how far the grammar can follow the story."""
    at, length = mine["stops_at"], len(mine["story"])
    if language == "en":
        if mine["accepted"]:
            return "The grammar accepts the story from its first character to its last."
        if at == 0:
            return "No story of the grammar begins like this one."
        return (
            f"The grammar can follow the story for {at} of its {length:,} characters: so far it is "
            "a story that could have been told, and no further."
        )
    if mine["accepted"]:
        return "故事从头到尾，语法都认可。"
    if at == 0:
        return "语法写的故事，没有一个这样开头。"
    return f"故事一共 {length} 个字，语法跟到第 {at} 个：到那里为止，还是讲得出来的故事。"


def measured(language: str) -> str:
    """Say where the minute went, and how near the floor is."""
    entry, mine = results("tour"), run(language)
    machine, losses = entry["machine"], mine["losses"]
    _, _, _, training, speaking = mine["stage_seconds"]
    took, trained = mine["seconds"], speaking - training
    threads = "1 thread" if machine["threads"] == 1 else f"{machine['threads']} threads"
    share, over = trained / took, losses["after"] / losses["floor"]
    if language == "en":
        return (
            f"On {entry['date']}, with {threads} on {machine['cores']} cores of "
            f"{machine['processor']}, the tour took {took:.0f} seconds, of which training took "
            f"{share:.0%}. The model has {mine['parameters']:,} numbers. The held-out loss fell from "
            f"{losses['before']:.2f} to {losses['after']:.3f} nats per character, {over:.1f} times "
            f"the floor of {losses['floor']:.3f}. {judged(mine, language)}"
        )
    return (
        f"{entry['date']}，在 {machine['processor']} 的 {machine['cores']} 个核上用 {machine['threads']} "
        f"个线程，游览一共 {took:.0f} 秒，训练占 {share:.0%}。模型有 {mine['parameters']:,} 个数。没见过的故事上，"
        f"损失从每字 {losses['before']:.2f} 奈特降到 {losses['after']:.3f}，是最低值 {losses['floor']:.3f} 的 "
        f"{over:.1f} 倍。{judged(mine, language)}"
    )


def curve(language: str):
    """Plot the losses of the tour over the floor."""
    words, mine = WORDS[language], run(language)
    figure, axes = canvas(
        690, 280, title=words["curve"], description=words["curve_description"], plot=True
    )
    losses, floor = mine["training"], mine["losses"]["floor"]
    axes.plot(range(1, len(losses) + 1), losses, color=BLUE)
    axes.axhline(floor, color=ORANGE, linestyle="--")
    axes.text(len(losses), floor * 0.93, words["floor"].format(floor), ha="right", va="top",
              color=ORANGE)  # fmt: skip
    axes.set(
        xlabel=words["step"],
        ylabel=words["loss"],
        yscale="log",
        ylim=(floor * 0.7, max(losses) * 1.3),
    )
    ticks = [tick for tick in (0.1, 0.2, 0.5, 1, 2, 5) if floor * 0.7 < tick < max(losses) * 1.3]
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.grid(axis="y")
    return figure


FIGURES = {
    "way": way,
    "recorded": recorded,
    "console": console,
    "curve": curve,
    "measured": measured,
}
