"""Figures and tables of the page training/distributed."""

from llm_book.exercises.training.distributed_solution import bytes_per_process
from llm_book.publishing.figures import (
    BLUE,
    GREEN,
    MUTED,
    ORANGE,
    PURPLE,
    arrow,
    canvas,
    cell,
    results,
    table,
)

PROCESSES = (BLUE, ORANGE, GREEN)
WORDS = {
    "en": {
        "average": "Two processes average the gradients of their rows",
        "average_description": (
            "Four rows, x = 1, 2, 3, 4. Process 0 has the first two, whose gradients −2 and 0 "
            "have the mean −1. Process 1 has the last two, 6 and 16, with the mean 11. All-reduce "
            "gives both the mean 5, which is the mean of all four, and both make the same step."
        ),
        "process": "process {}",
        "row": "row",
        "row_gradient": "its gradient",
        "own": "own mean",
        "meet": "all-reduce",
        "step": "w ← w − 0.1 · 5",
        "ring": "A ring all-reduce among three processes",
        "ring_description": (
            "Three processes hold 1 2 3, 10 20 30, and 100 200 300. In two steps partial sums "
            "travel to the next process and are added there, until each has one complete piece, "
            "of 111, 222, 333. In two more steps the complete pieces travel on, until all have "
            "all three."
        ),
        "start": "start",
        "scatter": "reduce-scatter, step {}",
        "gather": "all-gather, step {}",
        "received": "just received",
        "complete": "complete",
        "restart": "The loss of a run that is killed and goes on",
        "restart_description": (
            "Loss against steps. The first attempt falls until it is killed after step {dies}. "
            "The second starts after the checkpoint of step {begin}, repeats the steps in between "
            "with the same losses, and goes on to the end, along the undisturbed run."
        ),
        "axis_step": "step",
        "axis_loss": "loss (nats per token)",
        "first": "first attempt",
        "second": "second attempt",
        "undisturbed": "undisturbed",
        "saved": "checkpoint",
        "killed": "killed",
        "memory": ["method", "process", "weights", "gradients", "moments", "all", "by formula"],
        "losses": ["step", "one process", "two, DDP", "two, FSDP2"],
        "one": "one process",
        "shards": ["parameter", "whole", "in each of two processes"],
        "speed": ["who", "threads", "ms a step"],
        "two_silent": "two processes, DDP, each for itself",
        "two": "two processes, {}",
    },
    "zh": {
        "average": "两个进程把各自几行的梯度平均起来",
        "average_description": (
            "四行，x 是 1、2、3、4。进程 0 拿前两行，梯度 −2 和 0，平均 −1；进程 1 拿后两行，梯度 6 和 16，平均 11。"
            "全归约之后两边都是 5，正是四行的平均，两边走同样的一步。"
        ),
        "process": "进程 {}",
        "row": "行",
        "row_gradient": "这一行的梯度",
        "own": "自己的平均",
        "meet": "全归约",
        "step": "w ← w − 0.1 · 5",
        "ring": "三个进程排成环做全归约",
        "ring_description": (
            "三个进程各有 1 2 3、10 20 30、100 200 300。头两步，部分和传给下一个进程，在那里相加，"
            "直到每个进程有一段算全了：111、222、333。后两步把算全的段传下去，直到人人都有三段。"
        ),
        "start": "开始",
        "scatter": "归约散发，第 {} 步",
        "gather": "全收集，第 {} 步",
        "received": "刚收到",
        "complete": "算全了",
        "restart": "中途被杀、又接着训练的一次运行",
        "restart_description": (
            "横轴是步数，纵轴是损失。第一次运行在第 {dies} 步之后被杀；第二次从第 {begin} 步的检查点接着来，"
            "中间几步重走一遍，损失一模一样，然后一直走到底，与没有打断的运行重合。"
        ),
        "axis_step": "步",
        "axis_loss": "损失（每词元奈特）",
        "first": "第一次",
        "second": "第二次",
        "undisturbed": "没有打断",
        "saved": "检查点",
        "killed": "被杀",
        "memory": ["方法", "进程", "权重", "梯度", "均值和均方", "合计", "按公式"],
        "losses": ["步", "一个进程", "两个，DDP", "两个，FSDP2"],
        "one": "一个进程",
        "shards": ["参数", "完整形状", "两个进程里各有"],
        "speed": ["谁在算", "线程数", "一步毫秒数"],
        "two_silent": "两个进程，DDP，各算各的",
        "two": "两个进程，{}",
    },
}
NAMES = {"ddp": "DDP", "fsdp": "FSDP2"}


def number(value: float) -> str:
    """Write a number with a true minus sign."""
    return f"{value:g}".replace("-", "−")


def average(language: str):
    """Draw how four gradients become one in two processes."""
    words = WORDS[language]
    figure, axes = canvas(
        690, 236, title=words["average"], description=words["average_description"]
    )
    gradients = [2 * (x - 2) * x for x in (1, 2, 3, 4)]
    left, width = 150, 62
    for name, y in (("row", 56), ("row_gradient", 100), ("own", 146)):
        axes.text(left - 16, y, words[name], ha="right", va="center", color=MUTED)
    for process, color in enumerate(PROCESSES[:2]):
        x = left + process * 3.2 * width
        middle = x + width
        axes.text(middle, 18, words["process"].format(process), ha="center", va="center")
        mine = range(2 * process, 2 * process + 2)
        for place, row in enumerate(mine):
            where = x + place * width
            cell(axes, where + 3, 41, width - 6, 30, f"x = {row + 1}", color=color)
            cell(axes, where + 3, 85, width - 6, 30, number(gradients[row]), color=color)
        mean = sum(gradients[row] for row in mine) / 2
        cell(axes, middle - 38, 131, 76, 30, number(mean), color=color, strength=0.35)
        arrow(axes, (middle, 161), (middle, 196))
        axes.text(middle + 8, 179, words["meet"], va="center", fontsize=10, color=MUTED)
        cell(axes, middle - 38, 198, 76, 30, number(sum(gradients) / 4), color=PURPLE, strength=0.3)
    axes.plot([left + width + 40, left + 4.2 * width - 40], [213, 213], color=PURPLE, linestyle=":")
    axes.text(left + 5.5 * width, 213, words["step"], va="center")
    return figure


def ring(language: str):
    """Draw what three processes hold before and after each of four steps."""
    words = WORDS[language]
    held = [[1, 2, 3], [10, 20, 30], [100, 200, 300]]
    figure, axes = canvas(690, 372, title=words["ring"], description=words["ring_description"])
    left, width, top, height = 196, 52, 40, 62
    for process in range(3):
        x = left + process * 168
        axes.text(x + 1.5 * width, 18, words["process"].format(process), ha="center", va="center")
    names = [words["start"]]
    names += [words[name].format(step) for name in ("scatter", "gather") for step in (1, 2)]
    received: set[tuple[int, int]] = set()
    for step, name in enumerate(names):
        y = top + step * height
        axes.text(left - 18, y + 18, name, ha="right", va="center", fontsize=10.5)
        for process in range(3):
            for piece, value in enumerate(held[process]):
                whole = value in (111, 222, 333)
                style = {"color": GREEN if whole else BLUE, "strength": 0.4 if whole else 0.1}
                x = left + process * 168 + piece * width
                cell(axes, x + 2, y + 3, width - 4, 30, str(value), size=10.5, **style)
                if (process, piece) in received:
                    axes.plot([x + 6, x + width - 6], [y + 37, y + 37], color=ORANGE, linewidth=3)
        moving = [(r, (r - step) % 3, held[r][(r - step) % 3]) for r in range(3)]
        received = set()
        for sender, piece, value in moving if step < 4 else ():
            receiver = (sender + 1) % 3
            held[receiver][piece] = value + (held[receiver][piece] if step < 2 else 0)
            received.add((receiver, piece))
    y = top + 5 * height + 6
    axes.plot([left, left + 30], [y, y], color=ORANGE, linewidth=3)
    axes.text(left + 38, y, words["received"], va="center", fontsize=10.5)
    cell(axes, left + 168, y - 9, 30, 18, color=GREEN, strength=0.4)
    axes.text(left + 206, y, words["complete"], va="center", fontsize=10.5)
    return figure


def restart(language: str):
    """Plot the losses of both attempts over those of the undisturbed run."""
    words, run = WORDS[language], results("training/distributed")["results"]["restart"]
    first, second = run["attempts"]
    description = words["restart_description"].format(dies=run["dies_after"], begin=second["from"])
    figure, axes = canvas(640, 320, title=words["restart"], description=description, plot=True)
    steps = range(1, run["n_steps"] + 1)
    axes.plot(steps, run["undisturbed"], color=MUTED, linewidth=7, alpha=0.35,
              label=words["undisturbed"])  # fmt: skip
    axes.plot(range(1, len(first["losses"]) + 1), first["losses"], "-o", color=BLUE, markersize=6,
              label=words["first"])  # fmt: skip
    axes.plot(range(second["from"] + 1, run["n_steps"] + 1), second["losses"], "--s", color=ORANGE,
              markersize=3.5, label=words["second"])  # fmt: skip
    for name, step in (("saved", second["from"]), ("killed", run["dies_after"])):
        axes.axvline(step + 0.5, color=MUTED, linestyle=":")
        axes.annotate(words[name], (step + 0.5, 1), (4, -4), xycoords=("data", "axes fraction"),
                      textcoords="offset points", va="top")  # fmt: skip
    axes.set(xlabel=words["axis_step"], ylabel=words["axis_loss"])
    axes.legend(loc="lower left")
    axes.grid()
    return figure


def losses(language: str) -> str:
    """Table the losses of one process and of two."""
    words, found = WORDS[language], results("training/distributed")["results"]
    columns = [found["alone"], found["together"]["ddp"], found["together"]["fsdp"]]
    n = len(found["alone"]["losses"])
    rows = [
        [str(step), *(f"{column['losses'][step - 1]:.5f}" for column in columns)]
        for step in (1, n // 2, n)
    ]
    return table(words["losses"], rows)


def equal(language: str) -> str:
    """Say how far the losses are apart."""
    found = results("training/distributed")["results"]
    alone = found["alone"]["losses"]
    apart = {
        method: max(abs(a - b) for a, b in zip(alone, found["together"][method]["losses"],
                                                strict=True))
        for method in NAMES
    }  # fmt: skip
    text = {m: power(d) for m, d in apart.items()}
    if language == "en":
        return (
            f"Over {len(alone)} steps the losses of DDP are at most {text['ddp']} away from those "
            f"of one process, and those of FSDP2 at most {text['fsdp']}. That is rounding: the "
            "sums are the same, in another order."
        )
    return (
        f"{len(alone)} 步里，DDP 的损失与一个进程最多差 {text['ddp']}，FSDP2 最多差 {text['fsdp']}。"
        "这是舍入误差：加的是同样的数，只是次序不同。"
    )


def power(value: float) -> str:
    """Write a small number as 5 · 10⁻⁷."""
    if value == 0:
        return "0"
    digits, exponent = f"{value:.0e}".split("e")
    return f"{digits} · 10" + str(int(exponent)).translate(
        str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    )


def memory(language: str) -> str:
    """Table the megabytes that each process holds."""
    words, found = WORDS[language], results("training/distributed")["results"]
    n, rows = found["n_parameters"], []
    for method, held in (
        (None, found["alone"]["bytes"]),
        *((method, found["together"][method]["bytes"]) for method in NAMES),
    ):
        for process, parts in enumerate(held):
            formula = bytes_per_process(n, len(held), method or "ddp")
            numbers = [*(parts[name] for name in ("weights", "gradients", "moments"))]
            numbers += [sum(numbers), formula]
            name = NAMES[method] if method else words["one"]
            rows.append([name, str(process), *(f"{value / 1e6:.1f}" for value in numbers)])
    return table(words["memory"], rows)


def shards(language: str) -> str:
    """Table how FSDP2 cuts some parameters."""
    words, found = WORDS[language], results("training/distributed")["results"]
    names = ("embedding.token.weight", "blocks.0.attention.qkv_proj.weight",
             "blocks.0.attention.qkv_proj.bias", "norm.weight")  # fmt: skip
    shapes = found["together"]["fsdp"]["shapes"]
    rows = [[f"`{n}`", *(str(tuple(s[n])).replace(",)", ")") for s in (found["shapes"], shapes))]
            for n in names]  # fmt: skip
    return table(words["shards"], rows)


def speed(language: str) -> str:
    """Table the time of a step."""
    words, found = WORDS[language], results("training/distributed")["results"]
    alone, together = found["alone"]["seconds"], found["together"]["seconds"]
    rows = [
        [words["one"], "1", alone["1"]],
        [words["one"], "2", alone["2"]],
        [words["two"].format("DDP"), "2 × 1", together["ddp"]],
        [words["two_silent"], "2 × 1", together["ddp, silent"]],
        [words["two"].format("FSDP2"), "2 × 1", together["fsdp"]],
    ]
    return table(words["speed"], [[a, b, f"{1000 * c:.0f}"] for a, b, c in rows])


def communication(language: str) -> str:
    """Say which share of a step the processes spend on talking."""
    found = results("training/distributed")["results"]
    alone, together = found["alone"]["seconds"], found["together"]["seconds"]
    n, ddp, silent = found["n_parameters"], together["ddp"], together["ddp, silent"]
    share, reduce = max(0.0, 1 - silent / ddp), together["all-reduce"]
    gain = alone["2"] / ddp - 1
    megabytes = 4 * n / 1e6
    if language == "en":
        faster = f"{gain:.0%} faster" if gain > 0 else f"{-gain:.0%} slower"
        return (
            f"Two processes with DDP are {faster} than one process with two threads. Of their step, "
            f"{share:.0%} goes into agreeing on the gradients: that much shorter is it if each "
            f"process keeps them to itself. One all-reduce of the {megabytes:.0f} MB alone takes "
            f"{1000 * reduce:.0f} ms, through memory; over a network it would take longer. Against "
            f"one process with one thread, two processes reach a factor of {alone['1'] / ddp:.2f}."
        )
    faster = f"快 {gain:.0%}" if gain > 0 else f"慢 {-gain:.0%}"
    return (
        f"两个进程用 DDP，比一个进程用两个线程{faster}。一步里有 {share:.0%} 花在商量梯度上：不商量、"
        f"各算各的，正好短这么多。单把这 {megabytes:.0f} MB 全归约一次，要 {1000 * reduce:.0f} 毫秒，"
        f"而这还是在内存里，换成网线只会更慢。与单进程单线程相比，两个进程是 {alone['1'] / ddp:.2f} 倍的速度。"
    )


def redone(language: str) -> str:
    """Say what the killed run did over again."""
    run = results("training/distributed")["results"]["restart"]
    first, second = run["attempts"]
    begin, dies, n = second["from"], run["dies_after"], run["n_steps"]
    same = first["losses"][begin:] == second["losses"][: dies - begin]
    whole = first["losses"][:begin] + second["losses"]
    apart = max(abs(a - b) for a, b in zip(whole, run["undisturbed"], strict=True))
    if language == "en":
        repeated = "to the last bit the same losses" if same else "nearly the same losses"
        return (
            f"Process 1 is killed after step {dies} of {n}. torchrun stops the other one and starts "
            f"both again; they find the checkpoint of step {begin} and do the steps {begin + 1} to "
            f"{dies} over, with {repeated}. At no step is the run further than {power(apart)} from "
            "one process that nobody has disturbed."
        )
    repeated = "损失一位不差" if same else "损失几乎相同"
    return (
        f"共 {n} 步，进程 1 在第 {dies} 步之后被杀。torchrun 停下另一个，再把两个都启动；它们找到第 {begin} 步的"
        f"检查点，把第 {begin + 1} 到第 {dies} 步重走一遍，{repeated}。从头到尾，与没人打扰的单进程相比，最多差 "
        f"{power(apart)}。"
    )


FIGURES = {
    "average": average,
    "ring": ring,
    "losses": losses,
    "equal": equal,
    "memory": memory,
    "shards": shards,
    "speed": speed,
    "communication": communication,
    "restart": restart,
    "redone": redone,
}
