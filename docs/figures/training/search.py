"""Figures and tables of the page training/search."""

from llm_book.publishing.figures import (
    BLUE,
    GREEN,
    ORANGE,
    RED,
    canvas,
    results,
    table,
)

NAMES = ("grid", "random", "tpe")
COLORS = {"grid": ORANGE, "random": BLUE, "tpe": GREEN}
MARKERS = {"grid": "s", "random": "o", "tpe": "D"}
WORDS = {
    "en": {
        "points": "The same number of trials as a grid, at random, and by TPE",
        "points_description": (
            "Loss against learning rate for 16 trials of each kind. The grid tries four learning "
            "rates, four times each. Random search tries 16 different ones. TPE comes back "
            "to where the losses are lowest."
        ),
        "grid": "grid",
        "random": "random",
        "tpe": "TPE",
        "rate": "learning rate",
        "loss": "loss",
        "curves": "The evaluations of every trial of a study with pruning",
        "curves_description": (
            "Loss against the share of the stories seen, a line a trial. Some lines end early "
            "with a cross: the pruner stopped them. The others go to the end."
        ),
        "seen": "evaluation",
        "whole": "ran to its end",
        "pruned": "stopped early",
        "best": ["trials", "grid", "random", "TPE"],
        "saved": ["study", "trials", "stopped early", "evaluations", "lowest loss"],
        "study_whole": "without pruning",
        "study_pruned": "with pruning",
        "repeats": ["settings", "loss in the search", "other seeds, mean", "from", "to"],
        "settings": "rate {:.1e}, dim {}, batch {}",
    },
    "zh": {
        "points": "同样多的试验：排成网格、随机抽、用 TPE",
        "points_description": (
            "横轴是学习率，纵轴是损失，每种 16 次试验。网格只试了四个学习率，每个四次；随机搜索试了 16 个不同的；"
            "TPE 一再回到损失低的地方。"
        ),
        "grid": "网格",
        "random": "随机",
        "tpe": "TPE",
        "rate": "学习率",
        "loss": "损失",
        "curves": "一次带剪枝的搜索里，每个试验的各次评估",
        "curves_description": (
            "横轴是第几次评估，纵轴是损失，一条线一个试验。有的线中途停在一个叉上，是被剪掉的；其余的走到了底。"
        ),
        "seen": "第几次评估",
        "whole": "走到底",
        "pruned": "中途停下",
        "best": ["试验次数", "网格", "随机", "TPE"],
        "saved": ["搜索", "试验", "中途停下", "评估次数", "最低损失"],
        "study_whole": "不剪枝",
        "study_pruned": "剪枝",
        "repeats": ["设置", "搜索时的损失", "换种子，平均", "最低", "最高"],
        "settings": "学习率 {:.1e}，宽 {}，批次 {}",
    },
}


def found() -> dict:
    """Return what was measured."""
    return results("training/search")["results"]


def points(language: str):
    """Plot the loss of every trial against its learning rate, a panel a sampler."""
    words, small = WORDS[language], found()["small"]
    figure, first = canvas(
        690, 250, title=words["points"], description=words["points_description"], plot=True
    )
    first.remove()
    panels = figure.subplots(1, 3, sharey=True)
    for axes, name in zip(panels, NAMES, strict=True):
        rates, _, losses = zip(*small[name]["points"], strict=True)
        style = {"color": COLORS[name], "marker": MARKERS[name], "alpha": 0.7}
        axes.scatter(rates, losses, s=28, **style)
        axes.set(xscale="log", xlim=(6e-3, 160), xlabel=words["rate"], title=words[name])
        axes.set_xticks([0.01, 1, 100], ["0.01", "1", "100"])
        axes.minorticks_off()
        axes.grid()
    panels[0].set_ylabel(words["loss"])
    return figure


def best(language: str) -> str:
    """Table the lowest loss so far, a mean over several searches."""
    words, small = WORDS[language], found()["small"]
    rows = []
    for n in (4, 8, 16):
        rows.append([str(n), *(f"{small[name]['best'][n - 1]:.3f}" for name in NAMES)])
    return table(words["best"], rows)


def curves(language: str):
    """Plot the evaluations of each trial of the study with pruning."""
    words, trials = WORDS[language], found()["studies"]["pruned"]["trials"]
    figure, axes = canvas(
        620, 300, title=words["curves"], description=words["curves_description"], plot=True
    )
    shown = set()
    for trial in trials:
        pruned = trial["pruned"]
        numbers = range(1, len(trial["curve"]) + 1)
        name = words["pruned" if pruned else "whole"]
        style = {"color": RED, "linestyle": ":"} if pruned else {"color": BLUE}
        axes.plot(numbers, trial["curve"], **style, label=None if name in shown else name)
        shown.add(name)
        if pruned and trial["curve"]:
            axes.plot(numbers[-1], trial["curve"][-1], "x", color=RED, markersize=7)
    axes.set(xlabel=words["seen"], ylabel=words["loss"])
    axes.legend()
    axes.grid()
    return figure


def counted(study: dict) -> tuple[int, int, int, float]:
    """Return trials, pruned trials, evaluations, and the lowest loss of a study."""
    trials = study["trials"]
    n_evaluations = sum(len(trial["curve"]) for trial in trials)
    n_pruned = sum(trial["pruned"] for trial in trials)
    return len(trials), n_pruned, n_evaluations, study["best"][0]["loss"]


def saved(language: str) -> str:
    """Table what the two studies did."""
    words, studies = WORDS[language], found()["studies"]
    rows = []
    for name in ("whole", "pruned"):
        *numbers, loss = counted(studies[name])
        rows.append([words[f"study_{name}"], *map(str, numbers), f"{loss:.3f}"])
    return table(words["saved"], rows)


def saving(language: str) -> str:
    """Say what pruning saves and whether it costs anything."""
    studies = found()["studies"]
    (_, _, whole, low), (_, _, pruned, lowest) = (counted(studies[n]) for n in ("whole", "pruned"))
    share, apart = 1 - pruned / whole, lowest - low
    if language == "en":
        cost = (
            "and finds as low a loss"
            if abs(apart) < 0.0005
            else f"and its lowest loss is {abs(apart):.3f} {'higher' if apart > 0 else 'lower'}"
        )
        return f"Pruning saves {share:.0%} of the evaluations, {cost}."
    cost = (
        "找到的最低损失一样低"
        if abs(apart) < 0.0005
        else f"找到的最低损失{'高' if apart > 0 else '低'} {abs(apart):.3f}"
    )
    return f"剪枝省下 {share:.0%} 的评估，{cost}。"


def repeats(language: str) -> str:
    """Table the two best settings of the search, trained again with other seeds."""
    words, rows = WORDS[language], []
    for entry in found()["repeats"]:
        p, losses = entry["params"], entry["losses"]
        name = words["settings"].format(p["learning_rate"], p["dim"], p["batch_size"])
        numbers = (entry["loss"], sum(losses) / len(losses), min(losses), max(losses))
        rows.append([name, *(f"{number:.3f}" for number in numbers)])
    return table(words["repeats"], rows)


def verdict(language: str) -> str:
    """Say whether the order of the two best holds with other seeds."""
    first, second = found()["repeats"]
    means = [sum(entry["losses"]) / len(entry["losses"]) for entry in (first, second)]
    gap, widths = second["loss"] - first["loss"], max(first["losses"]) - min(first["losses"])
    n, holds = len(first["losses"]), means[0] <= means[1]
    if language == "en":
        kept = "keep their order" if holds else "change places"
        return (
            f"In the search the two are {gap:.3f} apart. Trained with {n} other seeds, the losses of "
            f"the first alone spread over {widths:.3f}, and by their means the two {kept}."
        )
    kept = "先后没变" if holds else "先后倒了过来"
    return (
        f"搜索时两者差 {gap:.3f}。各换 {n} 个种子再训练，光是第一名自己的损失，最高最低就差 {widths:.3f}；"
        f"按平均来排，{kept}。"
    )


FIGURES = {
    "points": points,
    "best": best,
    "curves": curves,
    "saved": saved,
    "saving": saving,
    "repeats": repeats,
    "verdict": verdict,
}
