"""Figures and tables of the page training/schedule."""

from statistics import mean

from llm_book.publishing.figures import BLUE, GREEN, MUTED, ORANGE, canvas, results, table
from llm_book.training.schedule import warmup_cosine

TOTAL = 100
WORDS = {
    "en": {
        "shapes": "The learning rate of a run of 100 steps, with warm-up and without",
        "shapes_description": (
            "Three curves over 100 steps and 15 more. With a warm-up of ten steps the rate climbs in "
            "a line, meets the cosine at its peak, and falls to a tenth of it. Without warm-up it "
            "starts at the peak. With thirty steps of warm-up the cosine is shorter. After step 100 "
            "all stay at the minimum."
        ),
        "warmup": "warm-up of {} steps",
        "step": "step",
        "rate": "share of the peak",
        "end": "total_steps",
        "warmup_title": "Loss after 150 steps, with and without warm-up, at four learning rates",
        "warmup_description": (
            "Two curves of the loss at the end against the peak of the learning rate, on a "
            "logarithmic axis."
        ),
        "peak": "peak of the learning rate",
        "loss": "nats per character",
        0: "no warm-up",
        30: "warm-up of 30 steps",
        "head": ["peak", "no warm-up", "warm-up of 30 steps"],
    },
    "zh": {
        "shapes": "训练 100 步的学习率，有预热和没有预热",
        "shapes_description": (
            "三条曲线，一百步，再往后十五步。预热十步的，学习率先沿直线上升，在顶点接上余弦，降到顶点的十分之一；"
            "不预热的，一开始就在顶点；预热三十步的，余弦短一些。一百步以后，都停在最小值。"
        ),
        "warmup": "预热 {} 步",
        "step": "步",
        "rate": "顶点的几分之几",
        "end": "total_steps",
        "warmup_title": "训练 150 步之后的损失，有预热和没有预热，四个学习率",
        "warmup_description": ("两条曲线，横轴是学习率的顶点，对数刻度，纵轴是最后的损失。"),
        "peak": "学习率的顶点",
        "loss": "每字符奈特",
        0: "没有预热",
        30: "预热 30 步",
        "head": ["顶点", "没有预热", "预热 30 步"],
    },
}


def shapes(language: str):
    """Plot three schedules, and some steps after their end."""
    words = WORDS[language]
    figure, axes = canvas(
        690, 290, title=words["shapes"], description=words["shapes_description"], plot=True
    )
    steps = range(TOTAL + 15)
    for warmup_steps, color, style in ((0, ORANGE, "--"), (10, BLUE, "-"), (30, GREEN, "-.")):
        settings = {"peak": 1.0, "warmup_steps": warmup_steps, "total_steps": TOTAL}
        rates = [warmup_cosine(step, minimum=0.1, **settings) for step in steps]
        label = words["warmup"].format(warmup_steps)
        axes.plot(steps, rates, style, color=color, label=label)
    axes.axvline(TOTAL, color=MUTED, linestyle=":", linewidth=1)
    axes.annotate(words["end"], (TOTAL, 0.55), (6, 0), textcoords="offset points", color=MUTED)
    axes.set(xlabel=words["step"], ylabel=words["rate"], ylim=(0, 1.08))
    axes.legend(loc="upper right", bbox_to_anchor=(0.82, 1.0))
    axes.grid()
    return figure


def ends() -> dict[int, dict[float, list[float]]]:
    """Return the losses at the end: steps of warm-up, then peak, then one number a seed."""
    found: dict[int, dict[float, list[float]]] = {0: {}, 30: {}}
    for run in results("training/schedule")["results"]["runs"]:
        found[run["warmup_steps"]][run["peak"]] = run["last_20"]
    return found


def warmup(language: str):
    """Plot the loss at the end against the peak."""
    words = WORDS[language]
    figure, axes = canvas(
        620,
        290,
        title=words["warmup_title"],
        description=words["warmup_description"],
        plot=True,
    )
    for warmup_steps, color, style in ((0, ORANGE, "--s"), (30, BLUE, "-o")):
        losses = ends()[warmup_steps]
        peaks = list(losses)
        axes.plot(
            peaks,
            [mean(losses[peak]) for peak in peaks],
            style,
            color=color,
            label=words[warmup_steps],
        )
    axes.set(xscale="log", xlabel=words["peak"], ylabel=words["loss"])
    axes.set_xticks(peaks, [f"{peak:g}" for peak in peaks])
    axes.minorticks_off()
    axes.legend()
    axes.grid()
    return figure


def measured(language: str) -> str:
    """Table the losses at the end, and say where warm-up makes a difference."""
    without, warmed = ends()[0], ends()[30]
    rows = [
        [f"{peak:g}", f"{mean(without[peak]):.2f}", f"{mean(warmed[peak]):.2f}"] for peak in without
    ]
    text = table(WORDS[language]["head"], rows)
    gains = {peak: mean(without[peak]) - mean(warmed[peak]) for peak in without}
    best, widest = max(gains.values()), max(gains, key=lambda peak: abs(gains[peak]))
    helps = best > 0.05
    if language == "en":
        verdict = (
            f"Warm-up gains {best:.2f} nats at best."
            if helps
            else "At none of the rates is warm-up worth anything here."
        )
        return (
            f"{text}\n\n{verdict} The two differ most at {widest:g}, by "
            f"{abs(gains[widest]):.2f} nats in favor of the run "
            f"{'with' if gains[widest] > 0 else 'without'} it."
        )
    verdict = (
        f"预热最多赚到 {best:.2f} 奈特。" if helps else "在这里，哪个学习率都没靠预热占到便宜。"
    )
    better = "有" if gains[widest] > 0 else "没有"
    return (
        f"{text}\n\n{verdict}差得最多的是 {widest:g}，差 {abs(gains[widest]):.2f} 奈特，"
        f"好的是{better}预热的那次。"
    )


FIGURES = {"shapes": shapes, "warmup": warmup, "measured": measured}
