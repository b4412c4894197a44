"""Figures and tables of the page pretrained/load."""

import torch

from llm_book.models.gpt2 import GPT2, GPT2_355M, WEIGHT_NAMES
from llm_book.pretrained.weights import lay_out
from llm_book.publishing.figures import BLUE, GREEN, MUTED, ORANGE, canvas, results, table

WAYS = {"all at once": ORANGE, "shard by shard": BLUE, "tensor by tensor": GREEN}
WORDS = {
    "en": {
        "names": ["all at once", "shard by shard", "tensor by tensor"],
        "course": "The memory in use while GPT-2 355M is loaded in three ways, computed",
        "course_description": (
            "Three curves against the part of the weights that has arrived. All at once: the "
            "memory rises from one model to two. Shard by shard: four teeth, each from one model "
            "to one and a quarter. Tensor by tensor: it rises from nothing to one model, with small "
            "teeth."
        ),
        "arrived": "GB of weights that have been read",
        "memory": "GB in memory",
        "peaks": "The peak of the memory while GPT-2 355M is loaded, measured",
        "peaks_description": "Bars, and a dashed line where the model is: {}.",
        "bar": "{} {:.2f} GB",
        "model": "the model: {:.2f} GB",
        "peak": "peak in GB",
        "head": ["way", "peak in GB", "of the model", "seconds"],
    },
    "zh": {
        "names": ["一次全装", "一个分片一个分片", "一个张量一个张量"],
        "course": "用三种办法装 GPT-2 355M，内存占用怎样变化（计算得出）",
        "course_description": (
            "三条曲线，横轴是已经读进来的权重。一次全装，从一份模型涨到两份；按分片装，四个锯齿，每个从一份涨到一又四分之一份；"
            "按张量装，从零涨到一份，只有小锯齿。"
        ),
        "arrived": "已经读进来的权重（GB）",
        "memory": "占用的内存（GB）",
        "peaks": "装 GPT-2 355M 时内存占用的最高点（实测）",
        "peaks_description": "横条，虚线是模型自己的大小：{}。",
        "bar": "{} {:.2f} GB",
        "model": "模型自己：{:.2f} GB",
        "peak": "最高点（GB）",
        "head": ["办法", "最高点（GB）", "是模型的几倍", "秒"],
    },
}


def tensor_sizes() -> list[int]:
    """Return the bytes of the tensors of GPT-2 355M in the order of the file."""
    with torch.device("meta"):
        parameters = dict(GPT2(GPT2_355M).named_parameters())
    layout = lay_out(parameters, WEIGHT_NAMES)
    return [4 * torch.Size(to.shape(parameters)).numel() for to in layout.values()]


def course(language: str):
    """Draw the memory against the weights read so far, from the sizes of the tensors."""
    words = WORDS[language]
    sizes = [size / 1e9 for size in tensor_sizes()]
    total = sum(sizes)
    curves = {way: ([], []) for way in WAYS}
    read, shard = 0.0, 0.0
    for size in sizes:
        if shard + size > total / 4:
            curves["shard by shard"][0].append(read)
            curves["shard by shard"][1].append(total)
            shard = 0.0
        for way, before, after in (
            ("all at once", total + read, total + read + size),
            ("shard by shard", total + shard, total + shard + size),
            ("tensor by tensor", read, read + 2 * size),
        ):
            curves[way][0].extend((read, read + size))
            curves[way][1].extend((before, after))
        read, shard = read + size, shard + size
    figure, axes = canvas(
        690, 320, title=words["course"], description=words["course_description"], plot=True
    )
    for name, (way, color), style in zip(
        words["names"], WAYS.items(), ("--", "-.", "-"), strict=True
    ):
        axes.plot(*curves[way], color=color, label=name, linestyle=style)
    axes.axhline(total, color=MUTED, linewidth=0.8)
    axes.set(xlabel=words["arrived"], ylabel=words["memory"], ylim=(0, 2.1 * total))
    axes.legend(loc="upper left")
    return figure


def peaks(language: str):
    """Draw the measured peaks."""
    words, measured = WORDS[language], results("pretrained/load")["results"]
    values = [measured["methods"][way]["peak_bytes"] / 1e9 for way in WAYS]
    text = ", ".join(
        words["bar"].format(*pair) for pair in zip(words["names"], values, strict=True)
    )
    figure, axes = canvas(
        690,
        190,
        title=words["peaks"],
        description=words["peaks_description"].format(text),
        plot=True,
    )
    bars = axes.barh(words["names"], values, color=list(WAYS.values()), alpha=0.75)
    axes.bar_label(bars, [f"{value:.2f}" for value in values], padding=4)
    model = measured["model_bytes"] / 1e9
    axes.axvline(model, color=MUTED, linestyle="--")
    axes.set(xlabel=words["peak"], xlim=(0, 1.15 * max(values)))
    axes.set_title(words["model"].format(model), fontsize=11, loc="left", color=MUTED)
    axes.invert_yaxis()
    return figure


def measured(language: str) -> str:
    """Tabulate peaks and times."""
    words, found = WORDS[language], results("pretrained/load")["results"]
    rows = [
        [
            name,
            f"{run['peak_bytes'] / 1e9:.2f}",
            f"{run['peak_bytes'] / found['model_bytes']:.2f}",
            f"{run['seconds']:.1f}",
        ]
        for name, run in zip(words["names"], found["methods"].values(), strict=True)
    ]
    return table(words["head"], rows)


def verdict(language: str) -> str:
    """Say what the numbers mean."""
    found = results("pretrained/load")["results"]
    ways = found["methods"]
    ratios = {way: ways[way]["peak_bytes"] / found["model_bytes"] for way in ways}
    faster = ways["all at once"]["seconds"] / ways["tensor by tensor"]["seconds"]
    shard = found["largest_shard_bytes"] / found["model_bytes"]
    over = (ways["tensor by tensor"]["peak_bytes"] - found["model_bytes"]) / 1e6
    if language == "zh":
        return (
            f"一次全装，最高点是模型的 {ratios['all at once']:.2f} 倍；按分片装是 {ratios['shard by shard']:.2f} 倍，"
            f"最大的分片是模型的 {shard:.2f}。按张量装，比模型自己只多 {over:.0f} MB。时间上，一次全装是按张量装的 "
            f"{faster:.1f} 倍：前两种办法先把 3.5 亿个数随机抽一遍，再全部盖掉，第三种办法一个也不抽。"
        )
    return (
        f"All at once, the peak is {ratios['all at once']:.2f} models; shard by shard it is "
        f"{ratios['shard by shard']:.2f}, where the largest shard has {shard:.2f} of the model. Tensor by "
        f"tensor it is the model and {over:.0f} MB. All at once takes {faster:.1f} times as long as tensor by "
        "tensor: the first two ways draw 355 million random numbers and overwrite them all; the third "
        "draws none."
    )


FIGURES = {"course": course, "peaks": peaks, "measured": measured, "verdict": verdict}
