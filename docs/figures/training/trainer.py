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
            "curves fall toward the dashed floor; the one with the newer block comes nearest."
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
        "facts": {
            "hero": "hero", "elder": "elder", "friend": "friend", "gift": "gift",
            "color": "color", "garment": "garment", "keepsake": "keepsake", "snack": "snack",
            "town": "town",
        },
        "fact": "fact",
        "often": "said again, per story",
        "memory": "What each fact still costs while the last model learns",
        "memory_description": (
            "A row for each fact, a column for each number of stories read. Dark cells are "
            "facts that are guessed, and cost two or three nats; pale ones are remembered. Each "
            "row turns from dark to pale within one or two columns, those of the facts that are "
            "said often first."
        ),
        "read": "thousand stories read",
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
            "每条曲线都朝虚线画的下限落下去，换了新块的那个离它最近。"
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
        "facts": {
            "hero": "主人公", "elder": "长辈", "friend": "伙伴", "gift": "要捎的东西",
            "color": "颜色", "garment": "穿戴", "keepsake": "小物件", "snack": "干粮",
            "town": "家乡",
        },
        "fact": "哪一项",
        "often": "每个故事重提几次",
        "memory": "最后那个模型边学边记，每一项还要付多少",
        "memory_description": (
            "一行是一项，一列是读过的故事数。深色的格子是在猜，一次要付两三个奈特；"
            "浅色的是记住了。每一行由深变浅，只隔一两列；常提的几项先变浅。"
        ),
        "read": "读过的故事（千）",
    },
}  # fmt: skip


def entries(language: str) -> dict[str, dict]:
    """Return the recorded models of a language, the smallest first and the best last."""
    return results("training/trainer")["results"][language]


def label(entry: dict) -> str:
    """Name a size, `2 × 64`, and the block if it is not that of GPT-2."""
    size = f"{entry['layers']} × {entry['dim']}"
    return size if entry["family"] == "GPT-2" else f"{size}, {entry['family']}"


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
    for entry, color, mark in zip(entries(language).values(), COLORS, MARKS, strict=False):
        scale = entry["floor"] / entry["validation_floor"]  # its stories are a part of all
        points = [(batch * s, loss * scale) for s, loss in entry["validation"] if s > 0]
        x, y = zip(*points, strict=True)
        style = {"color": color, "marker": mark, "markersize": 3, "linewidth": 1.4}
        axes.plot(x, y, label=label(entry), **style)
        floor = entry["floor"]
    axes.axhline(floor, color=INK, linestyle="--", linewidth=1)
    axes.text(batch * 220, floor * 1.03, f"{words['floor']} {floor:.4f}", va="bottom")
    axes.legend(loc="upper right")
    axes.set(xscale="log", yscale="log", xlabel=words["stories"], ylabel=words["nats"])
    ticks = [1600, 4000, 10_000, 20_000, 50_000, 100_000]
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    factors = (1, 1.2, 1.5, 2, 3, 5)
    axes.set_yticks([floor * f for f in factors], [f"{floor * f:.3f}" for f in factors])
    axes.minorticks_off()
    axes.set_ylim(floor * 0.95, floor * 7)
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
    """Say how near the largest GPT-2 comes, and how near the model with the newer block."""
    *_, older, entry = entries(language).values()
    judged, minutes = entry["judged"], entry["core_seconds"] / 60
    above, share = 100 * (entry["ratio"] - 1), 100 * judged["valid"] / judged["n"]
    before, older_minutes = 100 * (older["ratio"] - 1), older["core_seconds"] / 60
    if language == "en":
        return (
            f"The largest GPT-2 reads {older['stories']:,} stories in {older_minutes:.0f} minutes "
            f"on one core and ends {before:.1f}% above the floor. The last model has a block of "
            f"chapter 10, and {entry['parameters'] / 1e6:.1f} million weights. It reads "
            f"{entry['stories']:,} stories in {minutes:.0f} minutes on one core, as much as two "
            f"cores compute in {minutes / 2:.0f}, and ends at {entry['loss']:.4f} nats "
            f"per character. A reader who knows the grammar pays {entry['floor']:.4f} for the same "
            f"stories. The model is **{above:.1f}% above the floor**. Of {judged['n']} stories "
            f"that it then tells, {judged['valid']} ({share:.0f}%) belong to the grammar from the "
            f"first character to the last; {judged['distinct']} of the {judged['n']} are different."
        )
    return (
        f"最大的 GPT-2 读了 {older['stories']:,} 个故事，在一个核上用了 {older_minutes:.0f} 分钟，"
        f"结束时比下限高 {before:.1f}%。最后那个模型换上第 10 章的块，有 "
        f"{entry['parameters'] / 1e4:.0f} 万个权重。它读了 {entry['stories']:,} 个故事，"
        f"在一个核上用了 {minutes:.0f} 分钟；两个核一起算，就是 {minutes / 2:.0f} 分钟的活。"
        f"结束时它每个字符付 {entry['loss']:.4f} 奈特；同样这些故事，懂语法的读者每个字符付 "
        f"{entry['floor']:.4f} 奈特。模型**比下限高 {above:.1f}%**。再让它自己讲 {judged['n']} 个故事，"
        f"从头到尾合乎语法的有 {judged['valid']} 个（{share:.0f}%）；"
        f"{judged['n']} 个里头，互不相同的有 {judged['distinct']} 个。"
    )


def by_frequency(entry: dict) -> list[str]:
    """List the facts of the stories, the one that is said again most often first."""
    return sorted(entry["mentions"], key=lambda fact: -entry["mentions"][fact])


def name_of(fact: str, language: str) -> str:
    """Call a fact of the plan, `color.name`, what the page calls it."""
    return WORDS[language]["facts"][fact.partition(".")[0]]


def facts(language: str) -> str:
    """Table what each size pays too much where a story says a fact for the last time."""
    words, sizes = WORDS[language], list(entries(language).values())
    rows = [
        [
            name_of(fact, language),
            f"{sizes[0]['mentions'][fact] / 100:.2f}",
            *(f"{abs(entry['remembered'][-1][1][fact]):.2f}" for entry in sizes),
        ]
        for fact in by_frequency(sizes[0])
    ]
    return table([words["fact"], words["often"], *map(label, sizes)], rows)


def guess(language: str) -> str:
    """Say what it costs to guess a color."""
    chances = StoryGrammar(language).rules["color"].probabilities
    nats = -sum(p * math.log(p) for p in chances)
    if language == "en":
        return (
            f"A model that has forgotten has to guess. There are {len(chances)} colors, some more "
            f"frequent than others, and a guess costs {nats:.1f} nats."
        )
    return (
        f"忘了的模型只好猜。颜色一共 {len(chances)} 种，有的常见，有的少见，猜一次平均要付 "
        f"{nats:.1f} 奈特。"
    )


def forgotten(language: str) -> str:
    """Say which facts the largest GPT-2 guesses, and how much of its excess that explains."""
    *_, older, entry = entries(language).values()
    costs = older["remembered"][-1][1]
    lost = [fact for fact in by_frequency(older) if costs[fact] > 1]
    together = sum(costs[fact] * older["mentions"][fact] / 100 for fact in lost)
    excess = (older["loss"] - older["floor"]) * StoryGrammar(language).per_story.length
    still = [fact for fact in by_frequency(entry) if entry["remembered"][-1][1][fact] > 1]
    if language == "en":
        verb = "is" if len(still) == 1 else "are"
        end = f"only {listed(still, 'en')} {verb} guessed" if still else "nothing is guessed"
        return (
            f"The largest GPT-2 guesses {listed(lost, 'en')}, and remembers the other "
            f"{len(costs) - len(lost)} facts. What it guesses comes to {together:.1f} of the "
            f"{excess:.1f} nats that it pays too much for a story. In the last model {end}."
        )
    end = f"还要猜的只剩下{listed(still, 'zh')}" if still else "没有一项要猜了"
    return (
        f"最大的 GPT-2 记住了 {len(costs) - len(lost)} 项，另外几项全靠猜：{listed(lost, 'zh')}。"
        f"它每个故事多付 {excess:.1f} 奈特，其中 {together:.1f} 奈特就花在猜上。"
        f"到了最后那个模型，{end}。"
    )


def listed(facts: list[str], language: str) -> str:
    """Write facts one after the other: "the color, the snack and the town"."""
    names = [name_of(fact, language) for fact in facts]
    if language == "zh":
        return "、".join(names)
    *others, last = (f"the {name}" for name in names)
    return f"{', '.join(others)} and {last}" if others else last


def memory(language: str):
    """Draw how much each fact still costs as the last model reads on."""
    words = WORDS[language]
    (*_, entry) = entries(language).values()
    batch = results("training/trainer")["results"]["batch_size"]
    rows, shown = by_frequency(entry), steps_shown(entry)
    left, top, width, height = 132, 34, (660 - 132) / len(shown), 26
    figure, axes = canvas(
        660, top + height * len(rows) + 4, title=words["memory"],
        description=words["memory_description"],
    )  # fmt: skip
    axes.text(0, 20, words["read"], va="center", fontsize=10, color=MUTED)
    for column, (step, costs) in enumerate(shown):
        x = left + column * width
        thousands = batch * step / 1000
        number = f"{thousands:.1f}" if thousands < 10 else f"{thousands:.0f}"
        axes.text(x + width / 2, 20, number, ha="center", va="center", fontsize=10, color=MUTED)
        for row, fact in enumerate(rows):
            cost = abs(costs[fact])
            place = {"height": height - 3, "width": width - 3}
            cell(axes, x, top + row * height, **place, text=f"{cost:.1f}",
                 color=ORANGE, strength=round(min(cost / 3, 1) * 0.7, 2), size=10)  # fmt: skip
    for row, fact in enumerate(rows):
        axes.text(0, top + (row + 0.45) * height, name_of(fact, language), va="center")
    return figure


def steps_shown(entry: dict, n: int = 12) -> list[tuple[int, dict[str, float]]]:
    """Choose `n` of the recorded steps, in equal ratios from step 200 to the last."""
    recorded = [(step, costs) for step, costs in entry["remembered"] if step > 0]
    first, last = recorded[0][0], recorded[-1][0]
    wanted = [first * (last / first) ** (i / (n - 1)) for i in range(n)]
    steps = sorted({min(recorded, key=lambda pair: abs(pair[0] - w))[0] for w in wanted})
    return [(step, costs) for step, costs in recorded if step in steps]


def sudden(language: str) -> str:
    """Say when the last model learned the fact that it learned most suddenly."""
    (*_, entry) = entries(language).values()
    batch = results("training/trainer")["results"]["batch_size"]
    order = by_frequency(entry)
    drops = []
    for fact in order:
        curve = [(batch * step, costs[fact]) for step, costs in entry["remembered"] if step > 0]
        high = [i for i, (_, cost) in enumerate(curve) if cost > 2]
        low = next((i for i, (_, cost) in enumerate(curve) if cost < 0.3 and i > high[-1]), None)
        if low is not None:
            drops.append((fact, curve[high[-1]], curve[low]))
    fact, before, after = min(drops, key=lambda drop: drop[2][0] / drop[1][0])
    if language == "en":
        return (
            f"The {name_of(fact, language)} still costs {before[1]:.1f} nats after {before[0]:,} "
            f"stories, and {abs(after[1]):.1f} after {after[0]:,}."
        )
    return (
        f"拿{name_of(fact, language)}来说，读到第 {before[0]:,} 个故事，一次还要付 {before[1]:.1f} 奈特；"
        f"读到第 {after[0]:,} 个，只付 {abs(after[1]):.1f} 奈特。"
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
        f"一个故事平均 {length:.0f} 个字符，最后那个模型多付了 {excess:.1f} 奈特。其中不合格的故事要占 "
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
    """Show how the best model's stories begin, at growing steps."""
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
    """Quote first errors of the best model: what it said, and what it should have said."""
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
    "facts": facts,
    "guess": guess,
    "forgotten": forgotten,
    "memory": memory,
    "sudden": sudden,
    "price": price,
    "depth": depth,
    "errors": errors,
    "samples": samples,
    "mistakes": mistakes,
}
