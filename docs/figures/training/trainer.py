"""Figures and tables of the page training/trainer."""

import math

from llm_book.data.stories import StoryGrammar
from llm_book.publishing.figures import (
    BLUE,
    GRAY,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    PURPLE,
    RED,
    arrow,
    canvas,
    cell,
    results,
    table,
)

COLORS = (GRAY, GREEN, ORANGE, BLUE, PURPLE, RED)
MARKS = ("^", "s", "D", "o", "v", "x")
KINDS = ("wording", "name", "pronoun", "thing", "number", "wish", "plot", "moral", "unfinished")
WORDS = {
    "en": {
        "step": "One update of the weights from two batches",
        "step_description": (
            "Step 3 with accumulate = 2. Batches 6 and 7 go through the model one after the "
            "other, and their gradients are added. Then the gradient is shortened to the norm "
            "1, the schedule gives the learning rate, and the optimizer changes the weights."
        ),
        "title": "step 3, accumulate = 2",
        "batch": "batch {}",
        "loss": "loss × {}/{}",
        "gradient": "add gradient",
        "finite": "finite?",
        "clip": "clip to 1",
        "rate": "rate of step 3",
        "update": "update",
        "write": "write down",
        "curves": "Validation loss of models of growing size against the floor",
        "curves_description": (
            "Nats per character against the number of stories read, both axes logarithmic. All "
            "curves fall toward the dashed floor; the largest model comes nearest."
        ),
        "stories": "stories read",
        "nats": "nats per character",
        "floor": "floor",
        "layers": "{} × {}",
        "layer": "{} × {}",
        "head": [
            "layers × width", "parameters", "stories", "core minutes", "nats per character",
            "above the floor", "valid stories",
        ],
        "kinds": {
            "wording": "wording", "name": "name", "pronoun": "pronoun", "thing": "thing",
            "number": "number", "wish": "wish", "plot": "deed or ending", "moral": "moral",
            "unfinished": "no end",
        },
        "first": "first error",
        "after": "After {:,} stories",
    },
    "zh": {
        "step": "两个批次，更新一次权重",
        "step_description": (
            "第 3 步，accumulate = 2。批次 6 和 7 先后送进模型，梯度加在一起；"
            "然后把梯度的范数裁到 1，按学习率曲线定下学习率，优化器更新权重。"
        ),
        "title": "第 3 步，accumulate = 2",
        "batch": "批次 {}",
        "loss": "损失 × {}/{}",
        "gradient": "累加梯度",
        "finite": "有限吗？",
        "clip": "裁到 1",
        "rate": "第 3 步的学习率",
        "update": "更新",
        "write": "记下来",
        "curves": "大小不同的模型，验证损失离下限多远",
        "curves_description": (
            "横轴是读过的故事数，纵轴是每字符奈特，都是对数刻度。"
            "每条曲线都朝虚线画的下限落下去，最大的模型离它最近。"
        ),
        "stories": "读过的故事",
        "nats": "每字符奈特",
        "floor": "下限",
        "layers": "{} × {}",
        "head": [
            "层数 × 宽度", "参数", "故事", "单核分钟", "每字符奈特", "高出下限", "合格的故事",
        ],
        "kinds": {
            "wording": "措辞", "name": "名字", "pronoun": "代词", "thing": "物件",
            "number": "数目", "wish": "愿望", "plot": "举动或结局", "moral": "道理",
            "unfinished": "没有写完",
        },
        "first": "头一个错",
        "after": "读过 {:,} 个故事",
    },
}  # fmt: skip


def entries(language: str) -> dict[str, dict]:
    """Return the recorded models of a language, the smallest first."""
    return results("training/trainer")["results"][language]


def label(entry: dict) -> str:
    """Name a size, `2 × 64`."""
    return f"{entry['layers']} × {entry['dim']}"


def step(language: str):
    """Draw one step with two batches."""
    words = WORDS[language]
    figure, axes = canvas(660, 150, title=words["step"], description=words["step_description"])
    for row, (batch, n) in enumerate(((6, 3), (7, 1))):
        y = 16 + 56 * row
        cell(axes, 4, y, 84, 36, words["batch"].format(batch), color=GRAY)
        cell(axes, 116, y, 104, 36, words["loss"].format(n, 4), color=BLUE)
        cell(axes, 248, y, 108, 36, words["gradient"], color=BLUE)
        arrow(axes, (88, y + 18), (116, y + 18))
        arrow(axes, (220, y + 18), (248, y + 18))
        arrow(axes, (356, y + 18), (392, 62 if row == 0 else 70))
    for x, width, name, color in ((392, 72, "finite", RED), (490, 66, "clip", ORANGE),
                                  (582, 72, "update", GREEN)):  # fmt: skip
        cell(axes, x, 48, width, 36, words[name], color=color)
    arrow(axes, (464, 66), (490, 66))
    arrow(axes, (556, 66), (582, 66))
    axes.text(618, 18, words["rate"], ha="center", va="center", fontsize=10, color=MUTED)
    arrow(axes, (618, 27), (618, 47))
    axes.text(618, 122, words["write"], ha="center", va="center", fontsize=10, color=MUTED)
    arrow(axes, (618, 85), (618, 112))
    axes.text(4, 138, words["title"], va="center", fontsize=10, color=MUTED)
    return figure


def curves(language: str):
    """Plot the validation loss of each size over the stories read."""
    words = WORDS[language]
    figure, axes = canvas(
        660, 360, title=words["curves"], description=words["curves_description"], plot=True
    )
    batch = results("training/trainer")["results"]["batch_size"]
    ends = []
    for entry, color, mark in zip(entries(language).values(), COLORS, MARKS, strict=False):
        scale = entry["floor"] / entry["validation_floor"]  # its stories are a part of all
        points = [(batch * s, loss * scale) for s, loss in entry["validation"] if s > 0]
        x, y = zip(*points, strict=True)
        axes.plot(x, y, color=color, marker=mark, markersize=3, linewidth=1.4)
        ends.append([x[-1], y[-1], label(entry), color])
        floor = entry["floor"]
    axes.axhline(floor, color=INK, linestyle="--", linewidth=1)
    axes.text(batch * 220, floor * 1.03, f"{words['floor']} {floor:.4f}", va="bottom")
    for x, y, text, color in ends:
        axes.annotate(text, (x, y), (6, 0), textcoords="offset points", va="center", color=color)
    axes.set(xscale="log", yscale="log", xlabel=words["stories"], ylabel=words["nats"])
    ticks = [1600, 4000, 10_000, 20_000, 50_000]
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    factors = (1, 1.2, 1.5, 2, 3, 5)
    axes.set_yticks([floor * f for f in factors], [f"{floor * f:.3f}" for f in factors])
    axes.minorticks_off()
    axes.set_ylim(floor * 0.95, floor * 7)
    axes.set_xlim(right=2 * max(x for x, *_ in ends))
    axes.grid()
    return figure


def ladder(language: str) -> str:
    """Table what each size has cost and reached."""
    rows = []
    for entry in entries(language).values():
        judged = entry["judged"]
        rows.append([
            label(entry), f"{entry['parameters']:,}", f"{entry['stories']:,}",
            f"{entry['core_seconds'] / 60:.0f}", f"{entry['loss']:.4f}",
            f"{100 * (entry['ratio'] - 1):.1f}%", f"{100 * judged['valid'] / judged['n']:.0f}%",
        ])  # fmt: skip
    return table(WORDS[language]["head"], rows)


def best(language: str) -> str:
    """Say how near the largest model comes."""
    (*_, entry) = entries(language).values()
    judged, minutes = entry["judged"], entry["core_seconds"] / 60
    above, share = 100 * (entry["ratio"] - 1), 100 * judged["valid"] / judged["n"]
    if language == "en":
        return (
            f"The largest model has {entry['parameters'] / 1e6:.1f} million weights and ends at "
            f"{entry['loss']:.4f} nats per character. A reader who knows the grammar pays "
            f"{entry['floor']:.4f} for the same stories. The model is **{above:.1f}% above the "
            f"floor**, after {entry['stories']:,} stories and {minutes:.0f} minutes on one core "
            f"of a processor. Of {judged['n']} stories that it then tells, {judged['valid']} "
            f"({share:.0f}%) belong to the grammar from the first character to the last; "
            f"{judged['distinct']} of the {judged['n']} are different."
        )
    return (
        f"最大的模型有 {entry['parameters'] / 1e4:.0f} 万个权重，最后每个字符付 "
        f"{entry['loss']:.4f} 奈特。同样这些故事，懂语法的读者每个字符付 {entry['floor']:.4f} 奈特。"
        f"模型**比下限高 {above:.1f}%**，一共读了 {entry['stories']:,} 个故事，"
        f"在处理器的一个核上用了 {minutes:.0f} 分钟。再让它自己讲 {judged['n']} 个故事，"
        f"从头到尾合乎语法的有 {judged['valid']} 个（{share:.0f}%）；"
        f"{judged['n']} 个里头，互不相同的有 {judged['distinct']} 个。"
    )


def price(language: str) -> str:
    """Compare what a model pays too much for a story with what its invalid stories cost."""
    (*_, entry) = entries(language).values()
    judged = entry["judged"]
    length = StoryGrammar(language).per_story.length
    excess = (entry["loss"] - entry["floor"]) * length
    share = judged["valid"] / judged["n"]
    if language == "en":
        return (
            f"The model pays {excess:.1f} nats too much for a story of {length:,.0f} characters. "
            f"Of these, {-math.log(share):.1f} are the price of its invalid stories: "
            f"$-\\log {share:.2f}$."
        )
    return (
        f"一个故事平均 {length:.0f} 个字符，模型多付了 {excess:.1f} 奈特。其中不合格的故事要占 "
        f"$-\\log {share:.2f}$，也就是 {-math.log(share):.1f} 奈特。"
    )


def depth(language: str) -> str:
    """Compare one layer and two of the same width."""
    one, two = (entries(language)[name] for name in ("1x64", "2x64"))
    above = [100 * (entry["ratio"] - 1) for entry in (one, two)]
    valid = [entry["judged"]["valid"] for entry in (one, two)]
    n = one["judged"]["n"]
    if language == "en":
        return (
            f"Of the same width and after the same {one['stories']:,} stories, one layer is "
            f"{above[0]:.0f}% above the floor and two are {above[1]:.0f}%. Of {n} stories each, "
            f"{valid[0]} and {valid[1]} are valid."
        )
    return (
        f"宽度一样，读的都是那 {one['stories']:,} 个故事，一层的比下限高 {above[0]:.0f}%，"
        f"两层的高 {above[1]:.0f}%；各讲 {n} 个故事，合格的分别是 {valid[0]} 个和 {valid[1]} 个。"
    )


def errors(language: str) -> str:
    """Table the first errors of each size by kind, per hundred stories."""
    words, sizes = WORDS[language], entries(language)
    rows = []
    for kind in KINDS:
        counts = [entry["judged"]["errors"].get(kind, 0) for entry in sizes.values()]
        if any(counts):
            rows.append([words["kinds"][kind], *map(str, counts)])
    rows.sort(key=lambda row: -sum(map(int, row[1:])))
    return table([words["first"], *map(label, sizes.values())], rows)


def samples(language: str) -> str:
    """Show how the largest model's stories begin, at growing steps."""
    (*_, entry) = entries(language).values()
    batch, limit = results("training/trainer")["results"]["batch_size"], 330
    lines = []
    for sample in entry["samples"]:
        limit = 330 if language == "en" else 120
        text = sample["text"].replace("\n", " ")
        text = text if len(text) <= limit else text[:limit].rstrip() + "…"
        for sign in "\\`*_<>[]|":
            text = text.replace(sign, "\\" + sign)
        head = WORDS[language]["after"].format(batch * sample["step"])
        lines += [f"**{head}**", "", f"> {text}", ""]
    return "\n".join(lines)


def mistakes(language: str) -> str:
    """Quote first errors of the largest model: what it said, and what it should have said."""
    (*_, entry) = entries(language).values()
    words, rows = WORDS[language], []
    for kind, found in entry["judged"]["examples"].items():
        for error in found[:1]:
            before = error["before"][-60 if language == "en" else -26 :]
            after = error["after"][: 14 if language == "en" else 6]
            wrote = f"…{before}**{after.strip()}**…" if after.strip() else f"…{before}"
            rows.append([words["kinds"][kind], wrote, f"`{error['expected'][0]}`"])
    head = {"en": ["first error", "what the model wrote", "what the grammar expected"],
            "zh": ["头一个错", "模型写的", "语法等的是"]}[language]  # fmt: skip
    lines = [head, ["---", "---", "---"], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


FIGURES = {
    "step": step,
    "curves": curves,
    "ladder": ladder,
    "best": best,
    "price": price,
    "depth": depth,
    "errors": errors,
    "samples": samples,
    "mistakes": mistakes,
}
