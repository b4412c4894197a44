"""Figures and tables of the page nn/rotary_embedding."""

import math
import re

import torch

from llm_book.nn.rotary_embedding import (
    linear_scaling,
    llama3_scaling,
    rotary_frequencies,
    yarn_scaling,
)
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
    results,
    table,
)

NAMES = {"plain": GRAY, "linear": ORANGE, "llama3": BLUE, "yarn": PURPLE, "window": GREEN}
STYLES = {"plain": "-", "linear": "--", "llama3": "-.", "yarn": ":", "window": "-"}
WORDS = {
    "en": {
        "angle": "A query and a key three positions apart, at two places in a text",
        "angle_description": (
            "Two circles. On the left the key fox stands at position 1 and the query it at "
            "position 4, on the right at 7 and 10. Both arrows have turned, and the angle between "
            "them is the same."
        ),
        "fox": "fox",
        "it": "it",
        "at": "fox at {}, it at {}",
        "dials": "Four pairs as clock hands at nine positions",
        "dials_description": (
            "Four rows of nine dials. The hand of the first pair turns by one radian from one "
            "position to the next, that of the last by a thirtieth and hardly moves."
        ),
        "position": "position",
        "pair": "pair {}",
        "scales": "How much slower each pair turns, for three scalings of factor 8",
        "scales_description": (
            "Curves against the number of the pair, 0 to 63. Linear scaling slows all by 8. Llama "
            "3 and YaRN leave the first pairs as they are and slow the last by 8; between, the "
            "curves climb."
        ),
        "slower": "how many times slower",
        "pair_number": "pair",
        "beyond": "Loss by position, far beyond the length of training",
        "beyond_description": (
            "Loss in nats per character against the position, to eight times the trained length. "
            "One curve for each scaling, and one for a sliding window."
        ),
        "loss": "loss, nats per character",
        "position_axis": "position in the text",
        "trained": "trained length",
        "plain": "no scaling",
        "linear": "linear scaling",
        "llama3": "Llama 3",
        "yarn": "YaRN",
        "window": "no scaling, window",
        "head": [
            "scaling",
            "up to {}",
            "from {} on",
            "up to {}, after more steps",
            "from {} on, after more steps",
        ],
    },
    "zh": {
        "angle": "查询和键相隔三个位置，放在文本的两处",
        "angle_description": (
            "两个圆。左边，键“狐狸”在位置 1，查询“它”在位置 4；右边是位置 7 和 10。两支箭都转过了，"
            "夹角却一样。"
        ),
        "fox": "狐狸",
        "it": "它",
        "at": "狐狸在 {}，它在 {}",
        "dials": "四对数好比四根表针，看九个位置",
        "dials_description": (
            "四行，每行九个表盘。第一对的表针每过一个位置转一弧度，最后一对只转三十分之一弧度，几乎不动。"
        ),
        "position": "位置",
        "pair": "第 {} 对",
        "scales": "倍数取 8，三种缩放各把每一对放慢多少",
        "scales_description": (
            "横轴是第几对，从 0 到 63。线性缩放把每一对都放慢 8 倍。Llama 3 和 YaRN 不动前面的，把后面的放慢 8 倍，"
            "曲线在中间逐渐上升。"
        ),
        "slower": "放慢多少倍",
        "pair_number": "第几对",
        "beyond": "远超训练长度时，各个位置的损失",
        "beyond_description": (
            "横轴是位置，一直到训练长度的八倍；纵轴是每个字符的损失，单位是奈特。每种缩放一条曲线，滑动窗口一条。"
        ),
        "loss": "损失（奈特/字符）",
        "position_axis": "在文本中的位置",
        "trained": "训练长度",
        "plain": "不缩放",
        "linear": "线性缩放",
        "llama3": "Llama 3",
        "yarn": "YaRN",
        "window": "不缩放，加窗口",
        "head": ["缩放", "{} 以内", "{} 以后", "{} 以内，再训练", "{} 以后，再训练"],
    },
}


def angle(language: str):
    """Draw a query and a key as arrows, near the start of a text and later."""
    words, radius, frequency = WORDS[language], 78, 0.35
    figure, axes = canvas(690, 216, title=words["angle"], description=words["angle_description"])
    turns = torch.linspace(0, 2 * torch.pi, 120)
    for left, start in ((175, 1), (515, 7)):
        center = (left, 116)
        axes.plot(left + radius * turns.cos(), 116 + radius * turns.sin(), color=MUTED, lw=0.8)
        ends = []
        for name, own, position, color in (
            ("fox", 0.2, start, BLUE),
            ("it", 0.5, start + 3, ORANGE),
        ):
            phase = own + frequency * position
            end = (left + radius * math.cos(phase), 116 - radius * math.sin(phase))
            ends.append(phase)
            arrow(axes, center, end, color=color, linewidth=2)
            place = (left + 1.22 * radius * math.cos(phase), 116 - 1.22 * radius * math.sin(phase))
            axes.text(*place, words[name], ha="center", va="center", color=color)
        arc = torch.linspace(ends[0], ends[1], 40)
        axes.plot(left + 30 * arc.cos(), 116 - 30 * arc.sin(), color=RED, lw=2)
        middle = sum(ends) / 2
        place = (left + 48 * math.cos(middle), 116 - 48 * math.sin(middle))
        degrees = f"{math.degrees(ends[1] - ends[0]):.0f}°"
        axes.text(*place, degrees, ha="center", va="center", color=RED, fontsize=10)
        title = words["at"].format(start, start + 3)
        axes.text(left, 10, title, ha="center", va="center", fontsize=12)
    return figure


def dials(language: str):
    """Draw every pair as a clock hand at each of nine positions."""
    words, frequencies = WORDS[language], rotary_frequencies(8, 100.0)
    left, top, size = 150, 40, 58
    figure, axes = canvas(
        left + 9 * size + 10, top + 4 * size + 6, title=words["dials"],
        description=words["dials_description"],
    )  # fmt: skip
    turns = torch.linspace(0, 2 * torch.pi, 60)
    axes.text(left - 14, 16, words["position"], ha="right", va="center", color=MUTED)
    for position in range(9):
        x = left + size * (position + 0.5)
        axes.text(x, 16, str(position), ha="center", va="center", color=MUTED)
        for pair, frequency in enumerate(frequencies.tolist()):
            y = top + size * (pair + 0.5)
            axes.plot(x + 23 * turns.cos(), y + 23 * turns.sin(), color=MUTED, lw=0.8)
            phase = position * frequency
            end = (x + 23 * math.cos(phase), y - 23 * math.sin(phase))
            arrow(axes, (x, y), end, color=BLUE, linewidth=1.6)
    for pair, frequency in enumerate(frequencies.tolist()):
        label = f"{words['pair'].format(pair)}:  ω = {frequency:.3f}"
        axes.text(left - 14, top + size * (pair + 0.5), label, ha="right", va="center")
    return figure


def scales(language: str):
    """Plot by how much each scaling slows each pair of Llama 3.1's heads."""
    words = WORDS[language]
    figure, axes = canvas(
        640, 290, title=words["scales"], description=words["scales_description"], plot=True
    )
    before = rotary_frequencies(128, 500_000.0)
    scalings = {
        "linear": linear_scaling(8),
        "llama3": llama3_scaling(8, 8192),
        "yarn": yarn_scaling(8, 8192),
    }
    for name, scaling in scalings.items():
        slower = before / scaling(before)
        axes.plot(slower, STYLES[name], color=NAMES[name], label=words[name], linewidth=2)
    axes.set(xlabel=words["pair_number"], ylabel=words["slower"], ylim=(0, 9))
    axes.grid()
    axes.legend(loc="upper left", bbox_to_anchor=(0, 0.85))
    return figure


def beyond(language: str):
    """Plot the measured loss by position."""
    words, entry = WORDS[language], results("nn/rotary_embedding")["results"]["long_texts"]
    figure, axes = canvas(
        660, 340, title=words["beyond"], description=words["beyond_description"], plot=True
    )
    step = entry["positions_a_point"]
    for name, color in NAMES.items():
        losses = entry["losses"][name]["at_once"]
        where = [step * (i + 0.5) for i in range(len(losses))]
        axes.plot(where, losses, STYLES[name], color=color, label=words[name], linewidth=2)
        lift = {"plain": 5, "linear": -6}.get(name, 0)
        axes.annotate(
            words[name], (where[-1], losses[-1]), (8, lift), textcoords="offset points",
            va="center", color=color, fontsize=10,
        )  # fmt: skip
    axes.axvline(entry["trained_length"], color=MUTED, linewidth=1)
    place = (entry["trained_length"], axes.get_ylim()[1])
    axes.annotate(
        words["trained"], place, (5, -4), textcoords="offset points", color=MUTED, va="top"
    )
    axes.set(xlabel=words["position_axis"], ylabel=words["loss"], xlim=(0, 640), ylim=(0, None))
    axes.set_xticks(range(0, 513, 64))
    axes.grid()
    return figure


def means(entry, name: str, when: str) -> tuple[float, float]:
    """Return the mean loss within the trained length, and beyond it."""
    losses = entry["losses"][name][when]
    inside = entry["trained_length"] // entry["positions_a_point"]
    return sum(losses[:inside]) / inside, sum(losses[inside:]) / (len(losses) - inside)


def losses(language: str) -> str:
    """Table the losses within and beyond the trained length."""
    words, entry = WORDS[language], results("nn/rotary_embedding")["results"]["long_texts"]
    rows = []
    for name in NAMES:
        cells = [f"{loss:.2f}" for loss in means(entry, name, "at_once")]
        if "after_more_steps" in entry["losses"][name]:
            cells += [f"{loss:.2f}" for loss in means(entry, name, "after_more_steps")]
        rows.append([words[name], *cells, *["–"] * (4 - len(cells))])
    return table([head.format(entry["trained_length"]) for head in words["head"]], rows)


READING = {
    "en": (
        "Trained for {steps} steps on {trained} characters at a time, the model has a mean loss of {within} nats per "
        "character within that length. Without scaling it holds a little longer. From position {doubled} on the loss is "
        "more than twice as high, and at the end it is {end}.\n\n"
        "Slowing the clocks of a model that was not trained for it has a price. Beyond position {trained}, {0[0]} has a mean "
        "loss of {0[1]}, {1[0]} of {1[1]}, and {2[0]} of {2[1]}; without any it is {plain}. Within the trained "
        "length, where {within} was possible, the three have {0[2]}, {1[2]}, and {2[2]}. Linear scaling shows the model no "
        "new angle. But neighbors now stand at an eighth of their angle, and nothing is where the model has learned to "
        "look.\n\n"
        "Then each variant gets {more} more training steps at the full length. Beyond position {trained}, {best[0]} reaches "
        "{best[1]}, {second[0]} {second[1]}, {third[0]} {third[1]}, and {last[0]} {last[1]}. Scaling does not replace "
        "training. A good one shortens it.\n\n"
        "One way needs no training: if each layer sees a window of {trained} positions, the loss beyond them is {window}. "
        "The model never meets a distance that it does not know. In return, what lies further back comes through only if "
        "one layer hands it on to the next."
    ),
    "zh": (
        "模型每次读 {trained} 个字符，训练 {steps} 步，在这个长度以内，平均每个字符的损失是 {within} 奈特。不缩放，还能多撑一小段；"
        "从位置 {doubled} 起，损失就不止翻了一倍，末尾到了 {end}。\n\n"
        "表针走得这么慢，模型没有学过，突然放慢是要付代价的。位置 {trained} 以后，平均损失{0[0]}是 {0[1]}，{1[0]}是 {1[1]}，{2[0]}是 {2[1]}，"
        "不缩放是 {plain}。训练长度以内，本来有 {within}，三种缩放却成了 {0[2]}、{1[2]}、{2[2]}。线性缩放确实没有新的角度，"
        "可是相邻两个字符的夹角只剩八分之一，模型照学过的角度去看，看到的已经不是原来那个位置了。\n\n"
        "然后各按完整的长度再训练 {more} 步。位置 {trained} 以后，{best[0]}降到 {best[1]}，{second[0]}是 {second[1]}，"
        "{third[0]}是 {third[1]}，{last[0]}是 {last[1]}。缩放替不了训练，但缩放得好，训练就能短些。\n\n"
        "有一个办法不用再训练：每层只看 {trained} 个位置的窗口，后面的损失是 {window}。没见过的距离，模型根本碰不到。"
        "代价是，窗口以外的东西，只能靠一层传给一层。"
    ),
}


def spaced(text: str) -> str:
    """Put a space between Chinese and Latin letters or digits."""
    text = re.sub(r"(?<=[\u4e00-\u9fff])(?=[A-Za-z0-9])", " ", text)
    return re.sub(r"(?<=[A-Za-z0-9])(?=[\u4e00-\u9fff])", " ", text)


def reading(language: str) -> str:
    """Say what the curves show, the scalings in the order in which the run puts them."""
    words, entry = WORDS[language], results("nn/rotary_embedding")["results"]["long_texts"]
    found = {name: means(entry, name, "at_once") for name in NAMES}
    scaled = sorted(("linear", "llama3", "yarn"), key=lambda name: found[name][1])
    later = {name: means(entry, name, "after_more_steps")[1] for name in ("plain", *scaled)}
    places = ("best", "second", "third", "last")
    rank = dict(zip(places, sorted(later, key=later.__getitem__), strict=True))
    plain, step = entry["losses"]["plain"]["at_once"], entry["positions_a_point"]
    doubled = step * next(i for i, loss in enumerate(plain) if loss > 2 * found["plain"][0])
    text = READING[language].format(
        *[(words[name], f"{found[name][1]:.2f}", f"{found[name][0]:.2f}") for name in scaled],
        steps=entry["train_steps"],
        more=entry["more_steps"],
        trained=entry["trained_length"],
        within=f"{found['plain'][0]:.2f}",
        plain=f"{found['plain'][1]:.2f}",
        window=f"{found['window'][1]:.2f}",
        end=f"{plain[-1]:.2f}",
        doubled=doubled,
        **{place: (words[name], f"{later[name]:.2f}") for place, name in rank.items()},
    )
    return text if language == "en" else spaced(text)


def speed(language: str) -> str:
    """Say what turning costs."""
    entry = results("nn/rotary_embedding")
    one, many = entry["results"]["speed"]
    share = [100 * row["ours"] / row["attention without"] for row in (one, many)]
    ratio = [row["transformers"] / row["ours"] for row in (one, many)]
    cores = entry["machine"]["cores"]
    if language == "en":
        return (
            "Turning the queries and keys of one layer, 12 and 4 heads of width 64, takes "
            f"{1e6 * one['ours']:.0f} µs for one token and {1e3 * many['ours']:.1f} ms for {many['length']}, "
            f"angles included, on {cores} cores of a processor. That adds {share[0]:.0f}% and {share[1]:.0f}% to the "
            "time of the attention itself. The functions of the library transformers take "
            f"{ratio[0]:.1f} and {ratio[1]:.1f} times as long as ours, measured in turns."
        )
    return (
        f"一层里有 12 个查询头、4 个键值头，各宽 64。在处理器的 {cores} 个核上，把它们转好，连算角度在内，一个词元用 "
        f"{1e6 * one['ours']:.0f} 微秒，{many['length']} 个词元用 {1e3 * many['ours']:.1f} 毫秒，"
        f"注意力因此多花 {share[0]:.0f}% 和 {share[1]:.0f}% 的时间。和 transformers 库的函数轮流着测，它用的时间是我们的 "
        f"{ratio[0]:.1f} 倍和 {ratio[1]:.1f} 倍。"
    )


FIGURES = {
    "angle": angle,
    "dials": dials,
    "scales": scales,
    "beyond": beyond,
    "losses": losses,
    "reading": reading,
    "speed": speed,
}
