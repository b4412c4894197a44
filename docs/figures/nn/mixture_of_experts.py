"""Figures and tables of the page nn/mixture_of_experts."""

import torch

from llm_book.exercises.nn.mixture_of_experts_solution import expert_parameters
from llm_book.nn.mixture_of_experts import TopKRouter
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

RESULT = "nn/mixture_of_experts"
VECTORS = {  # acts, has fur, happens, is sweet
    "The": (0, 0, 0, 0),
    "fox": (2, 2, 0, 0),
    "found": (0, 0, 1, 0),
    "jam": (-1, -1, 0, 2),
    "it": (1, 0, 0, 0),
    "grinned": (1, 0, 1, 0),
}
CHINESE = {
    "狐狸": "fox",
    "找到": "found",
    "果酱": "jam",
    "，": "The",
    "它": "it",
    "笑了": "grinned",
}
ROUTER = [[0.8, 0.4, 0.0, -0.5], [0.0, 0.0, 2.0, 0.0], [-0.5, 0.0, 0.0, 1.0], [0.3, 0.0, 0.4, 0.2]]
COLORS = (BLUE, ORANGE, GREEN, PURPLE, RED, GRAY)
MODELS = [  # name, C, F, layers with experts, E, A, shared, weights divided by their sum
    ("Mixtral 8x7B", 4096, 14_336, 32, 8, 2, 0, True),
    ("OLMoE 1B-7B", 2048, 1024, 16, 64, 8, 0, False),
    ("DeepSeekMoE 16B", 2048, 1408, 27, 64, 6, 2, False),
    ("Qwen3 30B-A3B", 2048, 768, 48, 128, 8, 0, True),
    ("DeepSeek-V3", 7168, 2048, 58, 256, 8, 1, True),
]
WORDS = {
    "en": {
        "routing": "A router with four experts reads six words",
        "routing_description": (
            "A table of six words and four experts with the probabilities that a router made by "
            "hand gives. In every row the two highest are marked. To the right stands the sum of "
            "the two experts with the weights divided by their sum."
        ),
        "expert": "expert {}",
        "sum": "what the word gets",
        "shares": "The share of each expert while a layer learns",
        "shares_description": (
            "Three charts of eight stacked bands against the training step, for a factor of the "
            "balancing loss of 0, 0.01, and 0.1. With 0 and 0.01 a few bands fill the chart and "
            "the others vanish. With 0.1 all stay."
        ),
        "factor": "factor {:g}",
        "step": "training step",
        "share": "share of tokens",
        "choices": "The expert that each token of two stories chooses",
        "choices_description": (
            "The first tokens of an English and of a Chinese story in boxes, each with the number "
            "of the expert that it chose in the second layer below."
        ),
        "speed": "Milliseconds for a batch: experts, and two dense networks",
        "speed_description": (
            "Three curves against the number of tokens, both axes logarithmic. Up to a few tokens "
            "the experts are close to the dense network of equal active size, then they climb to "
            "the dense network of equal total size, and for many tokens they part from it again."
        ),
        "tokens": "tokens in the batch",
        "milliseconds": "milliseconds",
        "layers": ("experts: 4 of 32", "dense, equal active size", "dense, equal total size"),
        "used": [
            "tokens in the batch",
            "experts that run",
            "expected",
            "milliseconds",
            "times the dense network of equal active size",
        ],
        "head": [
            "model",
            "$E$",
            "$A$",
            "shared",
            "$C$",
            "$F$",
            "in experts",
            "active",
            "divided",
        ],
        "yes": ("no", "yes"),
        "losses": ["model", "parameters", "loss on new stories"],
        "balance": ["factor", "experts with over 1% of the tokens, in {} runs", "loss, their mean"],
        "names": {
            "experts": "8 experts, 2 active",
            "dense_active": "dense, equal active size",
            "dense_total": "dense, equal total size",
        },
    },
    "zh": {
        "routing": "一个路由器，四个专家，六个词",
        "routing_description": (
            "一张表，六个词配四个专家，格子里是手工做的路由器给出的概率。每行最大的两个做了标记，"
            "右边是两个专家按归一后的权重相加。"
        ),
        "expert": "专家 {}",
        "sum": "这个词得到什么",
        "shares": "一层学习时，每个专家分到多少词元",
        "shares_description": (
            "三张图，横轴是训练步数，每张由八条带子叠成，均衡损失的系数分别是 0、0.01、0.1。"
            "系数是 0 和 0.01 时，几条带子占满了图，别的都没了；系数是 0.1 时，八条都在。"
        ),
        "factor": "系数 {:g}",
        "step": "训练步数",
        "share": "分到的词元",
        "choices": "两个故事的词元各选了哪个专家",
        "choices_description": (
            "一个中文故事和一个英文故事开头的词元，每个装在一个格子里，下面的数字是它在第二层选的专家。"
        ),
        "speed": "一批词元用多少毫秒：专家和两个稠密网络",
        "speed_description": (
            "三条曲线，横轴是词元数，两轴都是对数刻度。词元少时，专家接近激活参数一样多的稠密网络；"
            "接着升到总参数一样多的稠密网络附近；词元多了，又和它分开。"
        ),
        "tokens": "一批多少词元",
        "milliseconds": "毫秒",
        "layers": ("专家：32 个里选 4 个", "稠密，激活参数一样多", "稠密，总参数一样多"),
        "used": [
            "一批多少词元",
            "用到几个专家",
            "预期",
            "毫秒",
            "是激活参数一样多的稠密网络的几倍",
        ],
        "head": ["模型", "$E$", "$A$", "共享", "$C$", "$F$", "专家的参数", "激活的", "除以总和"],
        "yes": ("否", "是"),
        "losses": ["模型", "参数", "新故事上的损失"],
        "balance": ["系数", "{} 次训练里，分到 1% 以上词元的专家", "平均损失"],
        "names": {
            "experts": "8 个专家，激活 2 个",
            "dense_active": "稠密，激活参数一样多",
            "dense_total": "稠密，总参数一样多",
        },
    },
}


def plain(text: str, language: str) -> str:
    """Take the separators out of numbers where the language does not use them."""
    return text if language == "en" else text.replace(",", "")


def routing(language: str):
    """Draw the probabilities of a router, its choices, and the weights."""
    words = WORDS[language]
    names = VECTORS if language == "en" else CHINESE
    x = torch.tensor([VECTORS[CHINESE.get(name, name)] for name in names], dtype=torch.float32)
    router = TopKRouter(4, 4, 2)
    router.weight.data = torch.tensor(ROUTER)
    weights, experts, probabilities = router(x)
    figure, axes = canvas(
        690, 246, title=words["routing"], description=words["routing_description"]
    )
    left, top, width, height = 80, 34, 88, 34
    for e in range(4):
        place = (left + width * (e + 0.5), 16)
        axes.text(*place, words["expert"].format(e), ha="center", va="center", color=COLORS[e])
    axes.text(left + 4 * width + 24, 16, words["sum"], ha="left", va="center", color=MUTED)
    for row, name in enumerate(names):
        y = top + height * row
        axes.text(left - 10, y + height / 2, name, ha="right", va="center")
        for e, probability in enumerate(probabilities[row].tolist()):
            place, text = (left + width * e + 3, y + 3, width - 6, height - 6), f"{probability:.2f}"
            if e in experts[row].tolist():
                cell(axes, *place, text, color=COLORS[e], strength=0.1 + 0.6 * probability)
            else:
                box(axes, *place, linestyle=":")
                center = (left + width * (e + 0.5), y + height / 2)
                axes.text(*center, text, ha="center", va="center", color=MUTED, fontsize=10)
        parts = zip(weights[row].tolist(), experts[row].tolist(), strict=True)
        text = " + ".join(f"{weight:.2f} · {words['expert'].format(e)}" for weight, e in parts)
        axes.text(left + 4 * width + 24, y + height / 2, text, ha="left", va="center", fontsize=10)
    return figure


def learned() -> dict:
    """Return what was recorded of the models that were trained."""
    return results("nn/mixture_of_experts")["results"]["learning"]


def shares(language: str):
    """Plot the shares of the experts over the steps, for each factor of the balancing loss."""
    words = WORDS[language]
    figure, axes = canvas(
        690, 250, title=words["shares"], description=words["shares_description"], plot=True
    )
    axes.remove()
    runs = [run for run in results("nn/mixture_of_experts")["results"]["groups"] if run["history"]]
    for run, axes in zip(runs, figure.subplots(1, 3, sharey=True), strict=True):
        steps = [entry["step"] for entry in run["history"]]
        bands = list(zip(*(entry["shares"] for entry in run["history"]), strict=True))
        colors = [COLORS[e % 6] for e in range(len(bands))]
        stack = axes.stackplot(steps, *bands, colors=colors, linewidth=0.6, edgecolor="#fefefe")
        for e, band in enumerate(stack):
            band.set_alpha(0.75 if e < 6 else 0.35)
        axes.set(xlim=(0, steps[-1]), ylim=(0, 1), xlabel=words["step"])
        axes.set_title(words["factor"].format(run["balance"]), fontsize=11)
        if run is runs[0]:
            axes.set_ylabel(words["share"])
    return figure


def balance(language: str) -> str:
    """Table how many experts are left for each factor, and how well the layer learned."""
    runs = results("nn/mixture_of_experts")["results"]["groups"]
    rows = []
    for factor in dict.fromkeys(run["balance"] for run in runs):
        same = [run for run in runs if run["balance"] == factor]
        left = [sum(share > 0.01 for share in run["shares"]) for run in same]
        loss = sum(run["loss"] for run in same) / len(same)
        rows.append([f"{factor:g}", ", ".join(map(str, left)), f"{loss:.3f}"])
    head = [name.format(len(same)) for name in WORDS[language]["balance"]]
    return table(head, rows)


def choices(language: str):
    """Draw the tokens of two stories and the experts of the second layer."""
    words = WORDS[language]
    found = learned()["choices"]
    rows: list[list[tuple[float, float, str, int]]] = []
    for which in (language, "zh" if language == "en" else "en"):
        rows.append([])
        x = 0.0
        for token in found[which]:
            text = token["token"].replace("\n", "↵").replace("\ufffd", "□")
            wide = 10.5 + sum(13 if ord(letter) > 0x2E80 else 6.9 for letter in text)
            if x + wide > 680:
                if len(rows) % 3 == 0:
                    break
                rows.append([])
                x = 0.0
            rows[-1].append((x, wide, text.replace(" ", "·"), token["experts"][1]))
            x += wide + 3
    figure, axes = canvas(
        690, 58 * len(rows) + 6, title=words["choices"], description=words["choices_description"]
    )
    for i, row in enumerate(rows):
        y = 4 + 58 * i + (6 if i > 2 else 0)
        for x, wide, text, expert in row:
            color, strength = COLORS[expert % 6], 0.3 if expert < 6 else 0.12
            cell(axes, 4 + x, y, wide, 26, text, color=color, strength=strength, size=10.5)
            axes.text(4 + x + wide / 2, y + 37, str(expert), ha="center", va="center",
                      fontsize=9.5, color=color)  # fmt: skip
    return figure


def speed(language: str):
    """Plot the time of the three layers."""
    words = WORDS[language]
    figure, axes = canvas(
        660, 320, title=words["speed"], description=words["speed_description"], plot=True
    )
    rows = results("nn/mixture_of_experts")["results"]["speed"]
    tokens = [row["tokens"] for row in rows]
    for name, label, color, style in zip(
        ("experts", "dense_active", "dense_total"),
        words["layers"],
        (BLUE, GREEN, ORANGE),
        ("-o", "--s", ":^"),
        strict=True,
    ):
        times = [row["milliseconds"][name] for row in rows]
        axes.plot(tokens, times, style, color=color, markersize=5, label=label)
    axes.set(xscale="log", yscale="log", xlabel=words["tokens"], ylabel=words["milliseconds"])
    axes.set_xticks(tokens, [str(number) for number in tokens])
    ticks = [1, 3, 10, 30, 100, 300, 1000]
    axes.set_yticks(ticks, [str(number) for number in ticks])
    axes.minorticks_off()
    axes.grid()
    axes.legend(loc="upper left")
    return figure


def used(language: str) -> str:
    """Table how many experts run for a batch."""
    found = results("nn/mixture_of_experts")["results"]
    total, active = found["layer"]["n_experts"], found["layer"]["n_active"]
    rows = []
    for row in found["speed"]:
        n, times = row["tokens"], row["milliseconds"]
        expected = total * (1 - (1 - active / total) ** n)
        numbers = [str(n), str(row["experts_used"]), f"{expected:.1f}", f"{times['experts']:.1f}",
                   f"{times['experts'] / times['dense_active']:.1f}"]  # fmt: skip
        rows.append(numbers)
    return table(WORDS[language]["used"], rows)


def models(language: str) -> str:
    """Table published models."""
    words, rows = WORDS[language], []
    for name, dim, hidden, n_layers, n_experts, n_active, shared, divided in MODELS:
        counts = expert_parameters(dim, hidden, n_experts, n_active, shared)
        total, active = (
            f"{n_layers * count / 1e9:.1f}" + ("\u00a0B" if language == "en" else "")
            for count in counts
        )
        if language == "zh":
            total, active = (f"{n_layers * count / 1e8:.0f}\u00a0亿" for count in counts)
        numbers = [
            plain(f"{number:,}", language) for number in (n_experts, n_active, shared, dim, hidden)
        ]
        rows.append([name, *numbers, total, active, words["yes"][divided]])
    return table(words["head"], rows)


def losses(language: str) -> str:
    """Table the losses of the four models."""
    words, rows = WORDS[language], []
    for name, label in words["names"].items():
        run = learned()["runs"][name]
        rows.append([label, plain(f"{run['parameters']:,}", language), f"{run['loss']:.3f}"])
    return table(words["losses"], rows)


def gained(language: str) -> str:
    """Say how far the experts are on the way from the small to the large dense model."""
    found, small, large = (
        learned()["runs"][name]["loss"] for name in ("experts", "dense_active", "dense_total")
    )
    way = (small - found) / (small - large)
    if language == "en":
        return (
            "For each token it multiplies about as much as the small dense model, and it gets "
            f"{way:.0%} of the way to the large one."
        )
    return f"每个词元做的乘法和小的稠密模型差不多，损失却朝大的那个走了 {way:.0%} 的路。"


def collapsed(language: str) -> str:
    """Say how many experts are left with each factor, on average."""
    entry = results("nn/mixture_of_experts")["results"]
    left: dict[float, list[int]] = {}
    for run in entry["groups"]:
        left.setdefault(run["balance"], []).append(sum(share > 0.01 for share in run["shares"]))
    means = [sum(counts) / len(counts) for counts in left.values()]
    free, weak, strong = means
    both = entry["learning"]["without_balance"]["by_language"]
    used = [
        (english + chinese) / 2
        for layers in zip(both["en"], both["zh"], strict=True)
        for english, chinese in zip(*layers, strict=True)
    ]
    dead = sum(share < 0.01 for share in used)
    if language == "en":
        return (
            f"On average {free:.1f} of eight experts are left without the loss, {weak:.1f} with a "
            f"factor of 0.01, and {strong:.1f} with 0.1: the factor has to be large enough to win "
            "against the model's own loss. The task is built to show this. In the story model below, "
            f"trained once without the loss as well, {dead or 'none'} of the {len(used)} experts in its two "
            f"layers fell under 1%; the least used has {min(used):.0%} of the choices of its layer, the "
            f"most used {max(used):.0%}."
        )
    return (
        f"不加均衡损失，八个专家平均剩下 {free:.1f} 个；系数 0.01，剩 {weak:.1f} 个；系数 0.1，剩 {strong:.1f} 个。"
        "系数要够大，才拗得过模型自己的损失。这个任务是特意造出来给人看的。下面写故事的模型，不加均衡损失也训练过一次，"
        f"两层 {len(used)} 个专家里，低于 1% 的{f'有 {dead} 个' if dead else '一个也没有'}："
        f"最少的分到本层的 {min(used):.0%}，最多的 {max(used):.0%}。"
    )


def languages(language: str) -> str:
    """Say how far the experts of the balanced model belong to one language."""
    found = learned()["by_language"]
    own = [
        sum(max(a, b) for a, b in zip(en, zh, strict=True)) / 2
        for en, zh in zip(found["en"], found["zh"], strict=True)
    ]
    if language == "en":
        return (
            "Nobody told the router that there are two languages. If you knew only the expert of a "
            f"token and had to guess its language, you would be right for {own[0]:.0%} of the tokens "
            f"by the first layer, and for {own[1]:.0%} by the second; a coin would give 50%."
        )
    return (
        "没有人告诉路由器，这里有两种语言。要是只知道一个词元选了哪个专家，让你猜它是中文还是英文，看第一层能猜对 "
        f"{own[0]:.0%}，看第二层能猜对 {own[1]:.0%}；抛硬币是 50%。"
    )


def measured(language: str) -> str:
    """Say what the curves show."""
    rows = results("nn/mixture_of_experts")["results"]["speed"]
    first, last = rows[0], rows[-1]
    ratios = [r["milliseconds"]["experts"] / r["milliseconds"]["dense_active"] for r in rows]
    worst = max(range(len(rows)), key=lambda i: ratios[i])
    saved = [r["milliseconds"]["dense_total"] / r["milliseconds"]["experts"] for r in (first, last)]
    if language == "en":
        return (
            f"One token takes {ratios[0]:.1f} times as long as in the dense network of equal active "
            f"size, and the dense network of equal total size takes {saved[0]:.1f} times as long as "
            f"the experts. With {rows[worst]['tokens']} tokens the experts are worst off: "
            f"{ratios[worst]:.1f} times the time of equal active size. With {last['tokens']:,} "
            f"tokens it is {ratios[-1]:.1f} times, and equal total size takes {saved[1]:.1f} times "
            "as long as the experts."
        )
    return (
        f"只有一个词元时，专家用的时间是激活参数一样多的稠密网络的 {ratios[0]:.1f} 倍，总参数一样多的稠密网络又是专家的 "
        f"{saved[0]:.1f} 倍。专家最吃亏的是 {rows[worst]['tokens']} 个词元的时候，是激活参数一样多的 "
        f"{ratios[worst]:.1f} 倍。到 {last['tokens']} 个词元，是 {ratios[-1]:.1f} 倍，"
        f"总参数一样多的稠密网络则是专家的 {saved[1]:.1f} 倍。"
    )


FIGURES = {
    "routing": routing,
    "shares": shares,
    "choices": choices,
    "speed": speed,
    "used": used,
    "models": models,
    "losses": losses,
    "gained": gained,
    "balance": balance,
    "collapsed": collapsed,
    "languages": languages,
    "measured": measured,
}
