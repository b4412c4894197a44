"""Figures and tables of the page training/speed."""

import torch

from llm_book.publishing.figures import (
    BLUE,
    GRAY,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    PURPLE,
    RED,
    canvas,
    cell,
    results,
    table,
)

DTYPES = ("float32", "bfloat16")
THEIRS, KEPT = "Hugging Face", "Hugging Face, memory kept"
LAST = {"float32": "padded", "bfloat16": "bfloat16 weights"}
PARTS = ["products", "attention", "GELU", "norms", "loss", "casts", "clip", "optimizer", "the rest"]
COLORS = [BLUE, ORANGE, GREEN, PURPLE, RED, GRAY, GREEN, ORANGE, MUTED]
WORDS = {
    "en": {
        "names": {
            THEIRS: "Hugging Face",
            KEPT: "Hugging Face, memory kept",
            "the book so far": "the book so far",
            "fused AdamW": "+ fused AdamW",
            "memory kept": "+ memory kept",
            "embedding": "+ sparse rows of the embedding",
            "oneDNN": "+ products by oneDNN",
            "loss": "+ fused loss",
            "attention": "+ attention without a mask",
            "padded": "+ padded vocabulary",
            "bfloat16 weights": "+ bfloat16 weights, float32 copies",
        },
        "parts": dict(zip(PARTS, PARTS, strict=True)),
        "ladder": "Share of the machine's product rate after each change",
        "ladder_description": (
            "Two groups of horizontal bars, float32 and bfloat16. In each, the bars of Hugging Face "
            "come first, then the book's step as it was, then one bar after each change."
        ),
        "share": "share of the rate of a large product, %",
        "split": "Where the time of a step goes",
        "split_description": (
            "Four stacked bars: Hugging Face's step and our fastest, in float32 and in bfloat16, "
            "each divided into products, attention, GELU, norms, loss, casts, clipping, optimizer, "
            "and the rest."
        ),
        "percent": "share of the step, %",
        "ours": "ours",
        "gradient": "The logits of two tokens become their gradient in place",
        "gradient_description": (
            "Three tables of two rows and three columns, from left to right: the logits 2, 1, 0 and "
            "0, 0, 1; their softmax; softmax minus one-hot, divided by two."
        ),
        "stages": ["logits", "softmax", "(softmax − one-hot) / 2"],
        "token": "token",
        "head": ["step", "tokens/s", "gain", "× Hugging Face", "of the limit"],
        "dtype": "**{}**",
    },
    "zh": {
        "names": {
            THEIRS: "Hugging Face",
            KEPT: "Hugging Face，留住内存",
            "the book so far": "本书到此为止",
            "fused AdamW": "＋融合的 AdamW",
            "memory kept": "＋留住内存",
            "embedding": "＋嵌入只记用到的行",
            "oneDNN": "＋oneDNN 做乘法",
            "loss": "＋融合的损失",
            "attention": "＋不造掩码的注意力",
            "padded": "＋词表补齐",
            "bfloat16 weights": "＋bfloat16 权重，float32 底稿",
        },
        "parts": dict(
            zip(
                PARTS,
                [
                    "矩阵乘法",
                    "注意力",
                    "GELU",
                    "归一化",
                    "损失",
                    "换精度",
                    "裁剪",
                    "优化器",
                    "其余",
                ],
                strict=True,
            )
        ),
        "ladder": "每改一步，达到机器乘法速度的百分之几",
        "ladder_description": (
            "两组横条，一组 float32，一组 bfloat16。每组先是 Hugging Face，再是本书原来的一步，"
            "然后每改一处画一条。"
        ),
        "share": "占大矩阵乘法速度的百分比",
        "split": "一步的时间花在哪里",
        "split_description": (
            "四根分段的横条：Hugging Face 的一步和我们最快的一步，float32 和 bfloat16 各一对，"
            "分成矩阵乘法、注意力、GELU、归一化、损失、换精度、裁剪、优化器和其余。"
        ),
        "percent": "占一步时间的百分比",
        "ours": "我们",
        "gradient": "两个词元的 logits 就地变成梯度",
        "gradient_description": (
            "从左到右三张表，都是两行三列：logits 是 2、1、0 和 0、0、1；然后是 softmax；"
            "最后是 softmax 减去独热向量，再除以二。"
        ),
        "stages": ["logits", "softmax", "（softmax − 独热）/ 2"],
        "token": "词元",
        "head": ["这一步", "词元/秒", "快了", "是 Hugging Face 的几倍", "占极限"],
        "dtype": "**{}**",
    },
}


def measured() -> dict:
    """Return what the benchmark recorded."""
    return results("training/speed")["results"]


def steps(dtype: str) -> list[str]:
    """Return the names of all contenders, Hugging Face's first."""
    names = list(measured()[dtype]["seconds"])
    ours = [name for name in names if name not in (THEIRS, KEPT)]
    return [THEIRS, KEPT, *ours]


def gradient(language: str):
    """Draw the three states of the logits' memory."""
    words = WORDS[language]
    figure, axes = canvas(
        690, 132, title=words["gradient"], description=words["gradient_description"]
    )
    logits = torch.tensor([[2.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    shares = logits.softmax(-1)
    states = [logits, shares, (shares - torch.eye(3)[[0, 2]]) / 2]
    for i, (state, name) in enumerate(zip(states, words["stages"], strict=True)):
        left = 50 + 220 * i
        axes.text(left + 96, 16, name, ha="center", va="center", fontsize=12)
        for row in range(2):
            for column in range(3):
                number = f"{float(state[row, column]):.2f}".replace("-", "−")
                target = (row, column) in ((0, 0), (1, 2))
                style = {"color": ORANGE, "strength": 0.4} if target else {"strength": 0.12}
                cell(axes, left + 64 * column, 36 + 40 * row, 60, 36, number, **style)
    for row in range(2):
        y = 54 + 40 * row
        axes.text(44, y, f"{words['token']} {row + 1}", ha="right", va="center", fontsize=9.5)
    return figure


def ladder(language: str):
    """Draw the share of the limit after each change, in both dtypes."""
    words = WORDS[language]
    figure, axes = canvas(
        690, 500, title=words["ladder"], description=words["ladder_description"], plot=True
    )
    y, ticks, labels = 0.0, [], []
    for dtype in DTYPES:
        axes.text(0, y, dtype, va="center", color=INK, fontweight="bold")
        y += 1
        for name in steps(dtype):
            share = 100 * measured()[dtype]["share_of_peak"][name]
            color = ORANGE if name in (THEIRS, KEPT) else BLUE
            axes.barh(y, share, color=color, alpha=0.75, height=0.72)
            axes.text(share + 0.8, y, f"{share:.0f}", va="center", fontsize=10)
            ticks.append(y)
            labels.append(words["names"][name])
            y += 1
        y += 0.6
    axes.set_yticks(ticks, labels)
    axes.invert_yaxis()
    axes.set(xlabel=words["share"], xlim=(0, 100))
    axes.tick_params(axis="y", length=0)
    return figure


def split(language: str):
    """Draw where the time of a step goes, theirs and ours."""
    words = WORDS[language]
    figure, axes = canvas(
        690, 330, title=words["split"], description=words["split_description"], plot=True
    )
    labels = []
    pairs = [(dtype, name) for dtype in DTYPES for name in (THEIRS, LAST[dtype])]
    for row, (dtype, name) in enumerate(pairs):
        shares, left = measured()[dtype]["parts"][name], 0.0
        labels.append(f"{words['ours'] if name != THEIRS else THEIRS}, {dtype}")
        for i, (part, color) in enumerate(zip(PARTS, COLORS, strict=True)):
            width = 100 * shares.get(part, 0)
            hatch = "///" if i >= 6 else None
            axes.barh(
                row, width, left=left, color=color, alpha=0.6, height=0.6, hatch=hatch,
                edgecolor=INK, linewidth=0.6, label=words["parts"][part] if row == 0 else None,
            )  # fmt: skip
            if width >= 4.5:
                axes.text(left + width / 2, row, f"{width:.0f}", ha="center", va="center")
            left += width
    axes.set_yticks(range(4), labels)
    axes.invert_yaxis()
    axes.set(xlabel=words["percent"], xlim=(0, 100))
    axes.legend(loc="upper center", bbox_to_anchor=(0.36, -0.2), ncols=5, fontsize=10)
    return figure


def steps_table(language: str) -> str:
    """Table every step: its rate, what the change brought, the ratio, the share."""
    words, rows = WORDS[language], []
    for dtype in DTYPES:
        found, before = measured()[dtype], None
        rows.append([words["dtype"].format(dtype), "", "", "", ""])
        rate = found["tokens_per_second"]
        for name in steps(dtype):
            peer = name in (THEIRS, KEPT)
            gain = "" if peer or before is None else f"{100 * (rate[name] / before - 1):+.0f}%"
            before = before if peer else rate[name]
            ratio, share = rate[name] / rate[THEIRS], found["share_of_peak"][name]
            row = [words["names"][name], f"{rate[name]:.0f}", gain.replace("-", "−")]
            rows.append([*row, f"{ratio:.2f}", f"{100 * share:.0f}%"])
    return table(words["head"], rows)


def opening(language: str) -> str:
    """Say how far Hugging Face's step is from the limit."""
    entry = results("training/speed")
    found, cores = entry["results"], entry["machine"]["cores"]
    sides = [found[dtype] for dtype in DTYPES]
    wide, half = (100 * side["share_of_peak"][THEIRS] for side in sides)
    took = [side["seconds"][THEIRS] for side in sides]
    if language == "en":
        return (
            f"On {cores} cores of a processor, one step with Hugging Face's `GPT2LMHeadModel` and "
            f"`torch.optim.AdamW` takes {took[0]:.1f} s in float32 and {took[1]:.1f} s in bfloat16. "
            f"Large matrix products at full rate would do the same operations in {wide:.0f}% and "
            f"{half:.0f}% of that time. What is the processor doing in the rest?"
        )
    return (
        f"在处理器的 {cores} 个核上，用 Hugging Face 的 `GPT2LMHeadModel` 配 `torch.optim.AdamW` 走一步，"
        f"float32 要 {took[0]:.1f} 秒，bfloat16 要 {took[1]:.1f} 秒。同样多的运算，"
        f"要是全按大矩阵相乘的速度来做，只用得着其中的 {wide:.0f}% 和 {half:.0f}%。"
        "剩下的时间，处理器在做什么？"
    )


def limit(language: str) -> str:
    """Say what the limit is, by which library."""
    rates = [measured()[dtype]["peak"] for dtype in DTYPES]
    wide, half = ({kind: rate / 1e9 for kind, rate in each.items()} for each in rates)
    if language == "en":
        return (
            "Two matrices of 2,048 × 2,048, multiplied in the same run: in float32 "
            f"{wide['torch']:.0f} billion operations a second by `torch.mm` and "
            f"{wide['oneDNN']:.0f} by oneDNN, in bfloat16 {half['torch']:.0f} and "
            f"{half['oneDNN']:.0f}. The faster of the two is our limit. Measured against "
            f"`torch.mm`, our float32 step would reach {_against_torch('float32'):.0f}%, and "
            f"Hugging Face's {_against_torch('float32', THEIRS):.0f}%; in bfloat16 it would be "
            f"{_against_torch('bfloat16'):.0f}% and {_against_torch('bfloat16', THEIRS):.0f}%."
        )
    return (
        "同一轮里，两个 2048 × 2048 的矩阵相乘：float32 用 `torch.mm` 每秒 "
        f"{wide['torch']:.0f}0 亿次运算，用 oneDNN 每秒 {wide['oneDNN']:.0f}0 亿次；bfloat16 分别是 "
        f"{half['torch']:.0f}0 亿次和 {half['oneDNN']:.0f}0 亿次。哪个快，哪个就是极限。要是拿 `torch.mm` 当极限，"
        f"我们的 float32 会“达到” {_against_torch('float32'):.0f}%，Hugging Face 是 "
        f"{_against_torch('float32', THEIRS):.0f}%；bfloat16 是 "
        f"{_against_torch('bfloat16'):.0f}% 和 {_against_torch('bfloat16', THEIRS):.0f}%。"
    )


def _against_torch(dtype: str, name: str | None = None) -> float:
    found = measured()[dtype]
    share = found["share_of_peak"][name or LAST[dtype]]
    return 100 * share * max(found["peak"].values()) / found["peak"]["torch"]


def says(language: str) -> str:
    """Say what was reached, and whether the aims were."""
    pieces = []
    for dtype, aim in zip(DTYPES, (85, 60), strict=True):
        found, last = measured()[dtype], LAST[dtype]
        rate, share = found["tokens_per_second"], 100 * found["share_of_peak"][last]
        ratio, fair = rate[last] / rate[THEIRS], rate[last] / rate[KEPT]
        if language == "en":
            reached = "is reached" if share >= aim else "is not reached"
            pieces.append(
                f"In {dtype} the last line does {ratio:.1f} times the tokens of Hugging Face, and "
                f"{fair:.1f} times where its process keeps memory too. It uses {share:.0f}% of the "
                f"limit; our aim of {aim}% {reached}."
            )
        else:
            reached = "达到了" if share >= aim else "没有达到"
            pieces.append(
                f"{dtype} 的最后一行，速度是 Hugging Face 的 {ratio:.1f} 倍；就算让它也留住内存，也有 "
                f"{fair:.1f} 倍。它用到极限的 {share:.0f}%，我们定的目标 {aim}% {reached}。"
            )
    return (" " if language == "en" else "").join(pieces)


def tried(language: str) -> str:
    """Say what the compiler and a larger batch bring."""
    compiler = measured()["bfloat16"]["compile"]
    gain = 100 * (compiler["as it is"] / compiler["compiled"] - 1)
    more = [measured()[dtype]["batch"] for dtype in DTYPES]
    gains = [100 * (batch["8"] / batch["2"] - 1) for batch in more]
    steps_to_pay = compiler["first step"] / max(1e-9, compiler["as it is"] - compiler["compiled"])
    if language == "en":
        pays = (
            f"the compilation is paid back after {steps_to_pay:,.0f} steps"
            if gain > 0
            else "it is not paid back"
        )
        return (
            (
                f"**`torch.compile`** on the bfloat16 model: a step is {gain:+.0f}% in rate, the first one "
                f"takes {compiler['first step']:.0f} s, and {pays}. It fuses norms, GELU, and additions; the "
                "products, where the time is, stay the same calls. In float32 it refuses the products by "
                "oneDNN, which it knows from inference only.\n\n"
                f"**A batch of 8 rows** in place of 2: {gains[0]:+.0f}% tokens a second in float32, "
                f"{gains[1]:+.0f}% in bfloat16. Optimizer, clipping, and casts cost the same for any "
                "batch."
            )
            .replace("-", "−")
            .replace("torch−", "torch-")
        )
    pays = f"编译花的时间要 {steps_to_pay:.0f} 步才赚得回来" if gain > 0 else "编译花的时间赚不回来"
    return (
        f"**`torch.compile`**，用在 bfloat16 模型上：速度 {gain:+.0f}%，第一步要 "
        f"{compiler['first step']:.0f} 秒，{pays}。它能把归一化、GELU 和加法并成一遍，可时间都在矩阵乘法里，"
        "那些调用一个没少。float32 下它不肯编译 oneDNN 的乘法，那种写法它只在推理时认得。\n\n"
        f"**一批 8 行**，代替 2 行：float32 每秒的词元 {gains[0]:+.0f}%，bfloat16 {gains[1]:+.0f}%。"
        "优化器、裁剪和换精度，一批多少行都是那么多。"
    ).replace("-", "−")


def loader(language: str) -> str:
    """Say what share of a step the loader takes."""
    found = measured()
    share = 100 * found["loader_seconds"] / found["bfloat16"]["seconds"][LAST["bfloat16"]]
    micro = 1e6 * found["loader_seconds"]
    shown = f"{share:.3f}" if share < 0.1 else f"{share:.1f}"
    if language == "en":
        return (
            f"**The loader** is not to blame: `RandomWindows` draws the batch from a memory-mapped file in "
            f"{micro:.0f} µs, {shown}% of our fastest step."
        )
    return (
        f"**取数据**不碍事：`RandomWindows` 从内存映射的文件里抽一批，用 {micro:.0f} 微秒，"
        f"只占我们最快一步的 {shown}%。"
    )


def gpu(language: str) -> str:
    """Say what a GPU does, if one was there."""
    found = measured()["gpu"]
    if found is None:
        return (
            "This machine has no GPU, so no number for one stands here. On a machine with one, "
            "`python -m benchmarks.results training/speed` measures the same ladder there too, in "
            "bfloat16 with 8 rows of 1,024 tokens."
            if language == "en"
            else "这台机器没有 GPU，所以这里没有 GPU 的数字。在有 GPU 的机器上运行 "
            "`python -m benchmarks.results training/speed`，同样的几步也会在 GPU 上测一遍，"
            "bfloat16，8 行，每行 1024 个词元。"
        )
    best = min(found["seconds"].values())
    ratio, share = found["seconds"][THEIRS] / best, 100 * max(found["share_of_peak"].values())
    if language == "en":
        return f"On a GPU our fastest step is {ratio:.1f} times Hugging Face's, {share:.0f}% of its limit."
    return f"在 GPU 上，我们最快的一步是 Hugging Face 的 {ratio:.1f} 倍，用到极限的 {share:.0f}%。"


FIGURES = {
    "gradient": gradient,
    "ladder": ladder,
    "split": split,
    "steps": steps_table,
    "opening": opening,
    "limit": limit,
    "says": says,
    "tried": tried,
    "loader": loader,
    "gpu": gpu,
}
