"""Figures of the page data/stories."""

import math
import random
import re
from functools import cache
from importlib import resources

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from llm_book.data.stories import Choice, Grammar, Recall, StoryGrammar, Words, quote
from llm_book.publishing.figures import (
    BLUE,
    GRAY,
    GREEN,
    INK,
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

TOY = """
[plan]
{hero}

[story]
{hero.name} lost {hero.their} {thing}.

[thing]
hat
{red|blue} ball

[hero: name their]
*3 Mia | her
Tom | his
"""
SHOWN = {"en": 2, "zh": 1}  # which of the stories with seed 0 is drawn
# Track -> colour, and the plan variables (or rules that the plan picks) that belong to it.
TRACKS = {
    "hero": (BLUE, {"hero"}),
    "clothes": (PURPLE, {"color", "garment"}),
    "food": (GREEN, {"snack"}),
    "promise": (ORANGE, {"number", "gift"}),
    "wish": (GRAY, {"quest", "glad", "sorry"}),
    "deed": (RED, {"trouble", "act", "amends", "moral"}),
}
WORDS = {
    "en": {
        "tree": "The six stories of the small grammar as a tree of choices",
        "tree_description": (
            "From the left, the hero is drawn, then the thing, and for a ball its color. Beside "
            "each choice stands the entropy of all that is still to come."
        ),
        "to_come": "nats to come",
        "story": "A story with its plan, and the lines in which each part of the plan returns",
        "story_description": (
            "Above, six parts of the plan, each with a color. Below, the story: words that the "
            "plan fixes are marked in that color. On the right, a vertical line for each part "
            "runs from its first mention to its last; most run from the top to the bottom."
        ),
        "plan": "The plan, drawn first",
        "told": "The story, told from it",
        "tracks": {
            "hero": "hero",
            "clothes": "looks",
            "food": "food",
            "promise": "gifts",
            "wish": "wish",
            "deed": "deed",
        },
        "values": {
            "hero": "{hero.name}: {hero.they}, {hero.their}",
            "clothes": "{color.name} {garment.name}",
            "food": "{snack.name}",
            "promise": "{number.all} {gift.name}",
            "wish": "{quest.goal}",
            "deed": "{choice.act}",
        },
        "along": "Nats per character along a story: the true surprisal, and that of a counting model",
        "along_description": (
            "Both curves are high at the first letters. The true surprisal then falls toward the "
            "end, the counting model's does not."
        ),
        "place": "place in the story (% of its characters)",
        "loss": "nats per character",
        "true": "the grammar (the floor)",
        "model": "counting, {} characters back",
        "contexts": "The loss of counting models against how far they look back",
        "contexts_description": (
            "The loss falls steeply for the first characters, then flattens and rises again, far "
            "above the dashed floor."
        ),
        "back": "characters that the model looks back",
        "floor": "the floor: {:.3f}",
    },
    "zh": {
        "tree": "小语法的六个故事，画成一棵选择的树",
        "tree_description": (
            "从左往右，先抽主人公，再抽丢的东西，丢的是球还要抽颜色。"
            "每个选择旁边写着从这里往后还剩多少熵。"
        ),
        "to_come": "往后还剩的奈特",
        "story": "一个故事和它的计划，以及计划的每一项在哪些行里再次出现",
        "story_description": (
            "上面是计划里的六项，各用一种颜色。下面是故事，凡是由计划定下的字，都用那种颜色标出。"
            "右边每项一条竖线，从头一次提到画到最后一次，多数从上贯到下。"
        ),
        "plan": "先抽好的计划",
        "told": "照着计划讲出的故事",
        "tracks": {
            "hero": "人物",
            "clothes": "衣物",
            "food": "吃食",
            "promise": "承诺",
            "wish": "心愿",
            "deed": "所为",
        },
        "values": {
            "hero": "{hero.name}：{hero.ta}",
            "clothes": "{color.name}{garment.name}",
            "food": "{snack.name}",
            "promise": "{number.all}{gift.cl}{gift.name}",
            "wish": "{quest.want}",
            "deed": "{choice.act}",
        },
        "along": "沿着故事看每个字多少奈特：真正的惊异度，和计数模型的损失",
        "along_description": "两条曲线都是开头几个字最高。往后，真正的惊异度一路走低，计数模型却没有。",
        "place": "在故事里的位置（占全文字数的百分比）",
        "loss": "每字的奈特数",
        "true": "语法（下限）",
        "model": "计数模型，往回看 {} 个字",
        "contexts": "计数模型的损失随往回看的字数变化",
        "contexts_description": "头几个字让损失陡降，随后变平，又往上升，始终远在虚线标出的下限之上。",
        "back": "模型往回看几个字",
        "floor": "下限：{:.3f}",
    },
}


# ------------------------------------------------------------------ the small grammar


def tree(language: str):
    """Draw the choices of the small grammar, and the entropy that is still to come."""
    words = WORDS[language]
    figure, axes = canvas(690, 292, title=words["tree"], description=words["tree_description"])
    grammar = Grammar(TOY)
    leaves = [26 + 40 * i + (18 if i > 2 else 0) for i in range(6)]
    x = (24, 154, 302, 430)
    rows = {"Mia": leaves[:3], "Tom": leaves[3:]}
    middle = {name: ys[0] / 2 + (ys[1] + ys[2]) / 4 for name, ys in rows.items()}
    root = sum(middle.values()) / 2

    def edge(start, end, label):
        axes.plot(*zip(start, end, strict=True), color=MUTED, linewidth=1.2)
        up = end[1] < start[1]
        steep = 0.3 * abs(end[1] - start[1])
        place = ((start[0] + end[0]) / 2 - steep, (start[1] + end[1]) / 2 + (-6 if up else 6))
        axes.text(*place, label, ha="center", va="bottom" if up else "top", fontsize=11)

    def node(at, y, entropy, side=1):
        axes.plot([at], [y], "o", color=BLUE, markersize=6)
        va = "top" if side > 0 else "bottom"
        label = f"{entropy:.4f}"
        axes.text(at - 8, y + 10 * side, label, ha="center", va=va, fontsize=10, color=BLUE)

    for name, ys in rows.items():
        ball = (ys[1] + ys[2]) / 2
        edge((x[0], root), (x[1], middle[name]), {"Mia": "Mia ¾", "Tom": "Tom ¼"}[name])
        edge((x[1], middle[name]), (x[2], ys[0]), "hat ½")
        edge((x[1], middle[name]), (x[2], ball), "ball ½")
        edge((x[2], ball), (x[3], ys[1]), "red ½")
        edge((x[2], ball), (x[3], ys[2]), "blue ½")
        axes.plot([x[2], x[3]], [ys[0], ys[0]], ":", color=MUTED, linewidth=1)
        node(x[1], middle[name], 1.5 * math.log(2), -1 if name == "Mia" else 1)
        node(x[2], ball, math.log(2))
        their = {"Mia": "her", "Tom": "his"}[name]
        for y, thing in zip(ys, ("hat", "red ball", "blue ball"), strict=True):
            story = f"{name} lost {their} {thing}."
            p = math.exp(grammar.log_prob(story))
            axes.text(x[3] + 10, y, story, va="center", fontsize=12)
            axes.text(680, y, f"{p:.4f}", va="center", ha="right", fontsize=11, color=ORANGE)
    node(x[0] + 2, root, grammar.per_story.entropy)
    axes.text(x[0] - 14, 282, "● " + words["to_come"], fontsize=10, color=BLUE)
    return figure


def excerpt(language: str) -> str:
    """Quote a rule of the real grammar as it stands in the file."""
    file = resources.files("llm_book.data") / f"stories.{language}.txt"
    _, _, rest = file.read_text("utf-8").partition("[choice/traveler")
    return f"```text\n[choice/traveler{rest[: rest.index(chr(10) * 2)]}\n```"


# ------------------------------------------------------------------ a story and its plan


def track_of(part) -> str | None:
    """Return the track of a field, or of a rule that the plan picks."""
    name = part.variable if isinstance(part, Recall) else part.rule.split("/")[0]
    return next((track for track, (_, names) in TRACKS.items() if name in names), None)


def tell(grammar: Grammar, template, plan, rng, inside=None):
    """Tell a template as `Grammar` does, but keep for each piece its track and if it is recalled."""
    for part in template:
        if isinstance(part, Words):
            yield part.text, inside, False
        elif isinstance(part, Recall):
            yield quote(part, plan), track_of(part) or inside, track_of(part) is not None
        else:
            picked = track_of(part) if part.keys else None
            option = grammar._rule(part, plan).draw(rng)
            yield from tell(grammar, option, plan, rng, picked or inside)


@cache
def told(language: str):
    """Return the plan of the story that is drawn, and its pieces."""
    grammar, rng = StoryGrammar(language), random.Random(0)
    for _ in range(SHOWN[language] + 1):
        plan = {}
        for variable, choice in grammar._variables.items():
            plan[variable] = grammar._rule(choice, plan).draw(rng)
        pieces = list(tell(grammar, (Choice("story"),), plan, rng))
    assert "".join(text for text, _, _ in pieces) == grammar.sample(SHOWN[language] + 1)[-1]
    return plan, pieces


def width(text: str, size: float) -> float:
    """Return the width of Latin text in pixels."""
    if not text.strip():
        return 0.3 * size
    return (
        TextPath((0, 0), text, size=size, prop=FontProperties(family="DejaVu Sans"))
        .get_extents()
        .x1
    )


def typeset(language: str, limit: float, size: float):
    """Break the pieces into lines: (line, x, width, text, track, recalled, glued to the next)."""
    _, pieces = told(language)
    atoms = []  # (text, track, recalled)
    for text, track, recalled in pieces:
        units = re.findall(r"\s+|\S+", text) if language == "en" else list(text)
        atoms += [(unit, track, recalled) for unit in units]
    line, x, placed, i = 0, 0.0, [], 0
    while i < len(atoms):
        end = i + 1
        if language == "en" and not atoms[i][0].isspace():
            while end < len(atoms) and not atoms[end][0].isspace():
                end += 1  # a word and the punctuation that is glued to it stay together
        group = atoms[i:end]
        widths = [width(t, size) if language == "en" else size + 1 for t, _, _ in group]
        hanging = language == "zh" and group[0][0] in "，。：；！？”、"
        if x + sum(widths) > limit and not hanging and not group[0][0].isspace():
            line, x = line + 1, 0.0
        for n, ((text, track, recalled), w) in enumerate(zip(group, widths, strict=True)):
            if x or not text.isspace():
                placed.append((line, x, w, text, track, recalled, n + 1 < len(group)))
                x += w
        i = end
    return placed


def story(language: str):
    """Draw a story, what the plan fixes in it, and where each part of the plan returns."""
    words = WORDS[language]
    plan, _ = told(language)
    size, leading, limit, top = (11, 22.5, 496, 88) if language == "en" else (14, 29, 496, 88)
    placed = typeset(language, limit, size)
    n_lines = placed[-1][0] + 1
    figure, axes = canvas(
        690,
        top + leading * n_lines + 8,
        title=words["story"],
        description=words["story_description"],
    )
    axes.text(2, 10, words["plan"], fontsize=10, color=MUTED, va="center")
    axes.text(2, 76, words["told"], fontsize=10, color=MUTED, va="center")
    for n, (track, (color, _)) in enumerate(TRACKS.items()):
        value = re.sub(r"\{(\w+)\.(\w+)\}", lambda m: plan[m[1]][m[2]], words["values"][track])
        cell(axes, 2 + 115 * n, 22, 111, 34, color=color)
        middle = 2 + 115 * n + 55.5
        axes.text(
            middle, 31, words["tracks"][track], ha="center", va="center", fontsize=9, color=color
        )
        axes.text(
            middle, 45, value, ha="center", va="center", fontsize=10.5 if len(value) < 17 else 9
        )
        x = 524 + 31 * n
        axes.text(x, 76, words["tracks"][track], ha="center", va="center", fontsize=9, color=color)
    for n, (track, (color, _)) in enumerate(TRACKS.items()):
        x = 524 + 31 * n
        recalls = {p[0] for p in placed if p[4] == track and p[5]}
        picked = {p[0] for p in placed if p[4] == track} - recalls
        ys = [top + leading * (line + 0.5) for line in sorted(recalls | picked)]
        axes.plot([x, x], [ys[0], ys[-1]], color=color, linewidth=1.6)
        for line in recalls:
            axes.plot([x], [top + leading * (line + 0.5)], "o", color=color, markersize=6)
        for line in picked:
            axes.plot([x], [top + leading * (line + 0.5)], "s", color=color, markersize=4.5)
    for line, x, w, text, track, recalled, glued in placed:
        y = top + leading * (line + 0.5)
        if track:
            color = TRACKS[track][0]
            if recalled:
                box(
                    axes,
                    x,
                    y - leading * 0.36,
                    w,
                    leading * 0.72,
                    facecolor=color,
                    alpha=0.22,
                    edgecolor="none",
                )
            style = {} if recalled else {"linestyle": (0, (1, 2))}
            axes.plot([x, x + w], [y + leading * 0.36] * 2, color=color, linewidth=1.4, **style)
        if not text.isspace():
            anchor = {"x": x + w, "ha": "right"} if glued else {"x": x, "ha": "left"}
            axes.text(y=y, s=text, va="center", fontsize=size, color=INK, **anchor)
    return figure


# ------------------------------------------------------------------ measured


def measured(language: str):
    """Return the results of a language."""
    return results("data/stories")["results"][language]


def along(language: str):
    """Plot the surprisal along the story, of the grammar and of a counting model."""
    words, r = WORDS[language], measured(language)
    figure, axes = canvas(
        660, 320, title=words["along"], description=words["along_description"], plot=True
    )
    places = [(i + 0.5) * 100 / len(r["floor_along"]) for i in range(len(r["floor_along"]))]
    axes.plot(places, r["loss_along"], color=ORANGE)
    axes.plot(places, r["floor_along"], color=GREEN)
    half = len(places) // 2
    axes.text(
        places[half],
        max(r["loss_along"][half - 6 : half + 6]) * 1.1,
        words["model"].format(r["shown"]),
        color=ORANGE,
        ha="center",
        va="bottom",
    )
    axes.text(
        places[half],
        max(r["floor_along"][half - 6 : half + 6]) * 1.12,
        words["true"],
        color=GREEN,
        ha="center",
        va="bottom",
    )
    axes.set(xlabel=words["place"], ylabel=words["loss"], xlim=(0, 100), ylim=0)
    axes.grid()
    return figure


def contexts(language: str):
    """Plot the loss of counting models against their context."""
    words, r = WORDS[language], measured(language)
    figure, axes = canvas(
        620, 300, title=words["contexts"], description=words["contexts_description"], plot=True
    )
    sizes = [int(k) for k in r["losses"]]
    axes.plot(sizes, list(r["losses"].values()), color=ORANGE, marker="o", markersize=4)
    axes.axhline(r["entropy_per_character"], color=GREEN, linestyle="--")
    axes.text(
        max(sizes),
        0.9 * r["entropy_per_character"],
        words["floor"].format(r["entropy_per_character"]),
        ha="right",
        va="top",
        color=GREEN,
    )
    ticks = [0.05, 0.1, 0.2, 0.5, 1, 2, 5]
    axes.set(xlabel=words["back"], ylabel=words["loss"], yscale="log", ylim=(0.04, 8))
    axes.set_yticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()
    axes.grid()
    return figure


def ten_to(number: int) -> str:
    """Write a large number as a power of ten."""
    exponent = len(str(number)) - 1
    return f"{number / 10**exponent:.1f} · 10{''.join('⁰¹²³⁴⁵⁶⁷⁸⁹'[int(d)] for d in str(exponent))}"


def facts(language: str) -> str:
    """Table what is known exactly, and what it takes to write and read."""
    both = [measured("en"), measured("zh")]
    head, names = {
        "en": (
            ["", "English", "Chinese"],
            [
                "different stories",
                "mean length (characters)",
                "mean length (bytes)",
                "entropy of a story (nats)",
                "the same, from {n:,} samples",
                "**floor per character (nats)**",
                "floor per character (bits)",
                "floor per byte (bits)",
                "to write 10 MB (s)",
                "log-probability of a story (ms)",
                "entropy, from the file on (s)",
            ],
        ),
        "zh": (
            ["", "英文", "中文"],
            [
                "不同的故事",
                "平均长度（字符）",
                "平均长度（字节）",
                "一个故事的熵（奈特）",
                "同上，抽 {n} 个故事来估",
                "**每个字符的下限（奈特）**",
                "每个字符的下限（比特）",
                "每个字节的下限（比特）",
                "写 10 MB（秒）",
                "一个故事的对数概率（毫秒）",
                "从读文件到算出熵（秒）",
            ],
        ),
    }[language]
    columns = [
        [
            ten_to(int(r["texts"])),
            f"{r['length']:.1f}",
            f"{r['length'] * r['bytes_per_character']:.1f}",
            f"{r['entropy']:.2f}",
            f"{r['sampled_entropy']['mean']:.2f} ± {r['sampled_entropy']['error']:.2f}",
            f"**{r['entropy_per_character']:.4f}**",
            f"{r['entropy_per_character'] / math.log(2):.4f}",
            f"{r['entropy_per_character'] / math.log(2) / r['bytes_per_character']:.4f}",
            f"{r['write_seconds']:.1f}",
            f"{r['log_prob_milliseconds']:.2f}",
            f"{r['entropy_seconds']:.2f}",
        ]
        for r in both
    ]
    n = both[0]["sampled_entropy"]["n"]
    rows = [[name.format(n=n), *values] for name, *values in zip(names, *columns, strict=True)]
    return table(head, rows)


def gap(language: str) -> str:
    """Say how far the best counting model is from the floor."""
    r = measured(language)
    best = min(r["losses"], key=r["losses"].get)
    loss, floor = r["losses"][best], r["entropy_per_character"]
    if language == "en":
        return (
            f"Trained on {r['n_training']:,} stories and tested on {r['n_validation']} others, the "
            f"best of them looks {best} characters back and has a loss of {loss:.3f} nats. The "
            f"floor is {floor:.4f}: the model pays {loss / floor:.1f} times what it must."
        )
    return (
        f"用 {r['n_training']} 个故事训练，拿另外 {r['n_validation']} 个来考。最好的一个往回看 {best} 个字，损失是 "
        f"{loss:.3f} 奈特。下限是 {floor:.4f}：该花一份的地方，它花了 {loss / floor:.1f} 份。"
    )


def ends(language: str) -> str:
    """Compare the first half of a story with its last fifth."""
    r = measured(language)
    bins = len(r["floor_along"])
    early, late = slice(bins // 10, bins // 2), slice(bins * 4 // 5, bins)
    floor, model = (
        [sum(r[name][part]) / len(r[name][part]) for part in (early, late)]
        for name in ("floor_along", "loss_along")
    )
    if language == "en":
        return (
            f"In the last fifth of a story, the true surprisal is {floor[1]:.3f} nats per character, "
            f"against {floor[0]:.3f} in the first half after the opening words. The model's goes "
            f"from {model[0]:.3f} to {model[1]:.3f}."
        )
    return (
        f"除去开头，前半个故事里真正的惊异度平均每字 {floor[0]:.3f} 奈特，到了最后五分之一只有 "
        f"{floor[1]:.3f}。计数模型却从 {model[0]:.3f} 变成了 {model[1]:.3f}。"
    )


def machine(language: str) -> str:
    """Say where the times come from, and how many stories were the same."""
    entry = results("data/stories")
    en, zh = measured("en"), measured("zh")
    assert en["stories_written"] == en["stories_distinct"]
    assert zh["stories_written"] == zh["stories_distinct"]
    name, python = entry["machine"]["processor"], entry["machine"]["python"]
    if language == "en":
        return (
            f"Measured on {entry['date']} with Python {python} on {name}. The 10 MB hold "
            f"{en['stories_written']:,} English or {zh['stories_written']:,} Chinese stories, no two "
            "of them the same."
        )
    return (
        f"{entry['date']} 测于 {name}，Python {python}。10 MB 里有 {en['stories_written']} 个英文故事，"
        f"或者 {zh['stories_written']} 个中文故事，没有两个是一样的。"
    )


FIGURES = {
    "tree": tree,
    "excerpt": excerpt,
    "story": story,
    "along": along,
    "contexts": contexts,
    "facts": facts,
    "machine": machine,
    "gap": gap,
    "ends": ends,
}
