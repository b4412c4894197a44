"""Figures and tables of the page training/adamw."""

import torch

from llm_book.data.stories import StoryGrammar
from llm_book.models.causal_lm import count_parameters
from llm_book.models.gpt2 import GPT2, GPT2_1_5B, GPT2_124M, GPT2Config
from llm_book.publishing.figures import BLUE, GREEN, MUTED, ORANGE, canvas, table
from llm_book.training.adamw import AdamW
from llm_book.training.loss import next_token_loss

WORDS = {
    "en": {
        "paths": "Three ways down a ravine",
        "paths_description": (
            "Level lines of a ravine that winds like a cosine, with its lowest point at (0, 1). From "
            "the same start, plain gradient descent falls to the floor and then hardly moves. "
            "Momentum swings from wall to wall and gets further. Adam gets furthest and nearly reaches it."
        ),
        "sgd": "gradient descent",
        "momentum": "with momentum",
        "adam": "Adam",
        "start": "start",
        "sizes": "Gradients and steps of the tensors of a small GPT-2",
        "sizes_description": (
            "For each kind of tensor of a small GPT-2, the root mean square of its gradient and of a "
            "step of Adam, on a logarithmic axis. The gradients spread over a factor of a "
            "thousand. The steps lie close together, a little below the learning rate of 0.001."
        ),
        "gradient": "gradient",
        "step": "step of Adam, learning rate 0.001",
        "axis": "root mean square",
        "memory": ["model", "parameters", "weights", "gradients", "mean, square", "together, GB"],
    },
    "zh": {
        "paths": "下山谷的三条路",
        "paths_description": (
            "一条像余弦那样弯弯曲曲的山谷，画成等高线，最低点在 (0, 1)。三种办法从同一点出发：普通的梯度下降落到谷底，"
            "之后几乎不动；带动量的在两壁之间晃，走得远些；Adam 走得最远，快到头了。"
        ),
        "sgd": "梯度下降",
        "momentum": "加上动量",
        "adam": "Adam",
        "start": "起点",
        "sizes": "小 GPT-2 里各种张量的梯度和步子",
        "sizes_description": (
            "一个小 GPT-2 里的每种张量，画出梯度的均方根，和 Adam 一步的均方根，横轴是对数刻度。"
            "梯度大小相差上千倍，步子却挤在一起，都比学习率 0.001 小一点。"
        ),
        "gradient": "梯度",
        "step": "Adam 的一步，学习率 0.001",
        "axis": "均方根",
        "memory": ["模型", "参数", "权重", "梯度", "均值和均方", "合计（GB）"],
    },
}


def ravine(x, y):
    """Return the height of a ravine that winds like a cosine: `(..., )` twice to `(...,)`."""
    return 0.02 * x**2 + 2 * (y - torch.cos(x)) ** 2


def path(kind: str, n_steps: int = 100) -> list[list[float]]:
    """Return the places that an optimizer of torch or ours visits."""
    place = torch.nn.Parameter(torch.tensor([-6.0, 2.0], dtype=torch.float64))
    optimizer = {
        "sgd": lambda: torch.optim.SGD([place], lr=0.3),
        "momentum": lambda: torch.optim.SGD([place], lr=0.05, momentum=0.9),
        "adam": lambda: AdamW([place], lr=0.3, weight_decay=0.0),
    }[kind]()
    places = [place.tolist()]
    for _ in range(n_steps):
        optimizer.zero_grad()
        ravine(*place).backward()
        optimizer.step()
        places.append(place.tolist())
    return places


def paths(language: str):
    """Draw the ravine and three paths down it."""
    words = WORDS[language]
    figure, axes = canvas(
        690, 330, title=words["paths"], description=words["paths_description"], plot=True
    )
    x, y = torch.linspace(-7, 2, 181), torch.linspace(-2, 2.4, 89)
    heights = ravine(*torch.meshgrid(x, y, indexing="xy"))
    levels = [0.05, 0.2, 0.5, 1, 2, 4, 8]
    axes.contour(x, y, heights, levels=levels, colors=MUTED, alpha=0.45, linewidths=0.8)
    for kind, color, style in (
        ("sgd", ORANGE, "-s"),
        ("momentum", BLUE, "-^"),
        ("adam", GREEN, "-o"),
    ):
        places = [[round(number, 3) for number in place] for place in path(kind)]
        right, up = zip(*places, strict=True)
        axes.plot(right, up, style, color=color, markersize=3, linewidth=1.2, label=words[kind])
    axes.annotate(words["start"], (-6, 2), (6, 4), textcoords="offset points")
    axes.plot([0], [1], "*", color="#bd3a4a", markersize=11)
    axes.set(xlim=(-7, 2), ylim=(-2, 2.4))
    axes.legend(loc="lower right")
    return figure


def measured_sizes(n_steps: int = 10) -> dict[str, tuple[float, float]]:
    """Return the root mean square of the last gradient and step, per kind of tensor."""
    torch.manual_seed(0)
    text = "".join(StoryGrammar("en").sample(20))
    letters = sorted(set(text))
    tokens = torch.tensor([letters.index(letter) for letter in text])
    sizes = {"context_length": 32, "dim": 32, "n_layers": 2, "n_heads": 2}
    model = GPT2(GPT2Config(vocab_size=len(letters), **sizes))
    optimizer = AdamW(model.parameters(), weight_decay=0.0)
    for step in range(n_steps):
        rows = tokens[step * 8 * 33 :][: 8 * 33].unflatten(0, (8, 33))
        optimizer.zero_grad()
        next_token_loss(model(rows[:, :-1]), rows[:, 1:]).backward()
        before = [parameter.detach().clone() for parameter in model.parameters()]
        optimizer.step()
    found = {}
    for (name, new), old in zip(model.named_parameters(), before, strict=True):
        both = (new.grad, new.detach() - old)
        found[name] = tuple(float(f"{t.square().mean().sqrt():.3g}") for t in both)
    kinds = [name for name in found if "blocks.1" not in name]
    return {name.replace("blocks.0.", ""): found[name] for name in kinds}


def sizes(language: str):
    """Plot gradients and steps of the tensors of a small GPT-2."""
    words, found = WORDS[language], measured_sizes()
    figure, axes = canvas(
        690, 400, title=words["sizes"], description=words["sizes_description"], plot=True
    )
    names = sorted(found, key=lambda name: found[name][0])
    for place, (label, marker, color) in enumerate(
        (("gradient", "o", ORANGE), ("step", "s", BLUE))
    ):
        numbers = [found[name][place] for name in names]
        axes.plot(numbers, range(len(names)), marker, color=color, label=words[label])
    axes.set(xscale="log", xlabel=words["axis"])
    axes.set_xticks([1e-4, 1e-3, 1e-2], ["0.0001", "0.001", "0.01"])
    axes.minorticks_off()
    axes.set_yticks(range(len(names)), names)
    axes.grid()
    axes.legend(loc="lower right")
    return figure


def memory(language: str) -> str:
    """Table what training a model of a given size holds, in GB and float32."""
    counted = {}
    for name, config in (("GPT-2 124M", GPT2_124M), ("GPT-2 1.5B", GPT2_1_5B)):
        with torch.device("meta"):
            counted[name] = count_parameters(GPT2(config))
    rows = []
    for name, n in {**counted, "7B": 7 * 10**9, "70B": 70 * 10**9}.items():
        numbers = [4 * n / 1e9, 4 * n / 1e9, 8 * n / 1e9, 16 * n / 1e9]
        digits = 1 if n < 1e10 else 0
        size = f"{n / 10 ** (6 if n < 1e9 else 9):,.4g}"
        unit = ("M" if n < 1e9 else "B") if language == "en" else (" M" if n < 1e9 else " B")
        rows.append([name, size + unit, *(f"{number:,.{digits}f}" for number in numbers)])
    text = table(WORDS[language]["memory"], rows)
    return text if language == "en" else text.replace(",", "")


def spread(language: str) -> str:
    """Say how far gradients and steps lie apart."""
    found = measured_sizes()
    gradients, steps = zip(*found.values(), strict=True)
    (low, high), wide = (
        sorted(found, key=lambda n: found[n][0])[:: len(found) - 1],
        max(gradients) / min(gradients),
    )
    narrow = max(steps) / min(steps)
    if language == "en":
        return (
            f"The gradient of `{high}` is {wide:.0f} times as large as that of `{low}`. The steps "
            f"differ by a factor of {narrow:.1f}."
        )
    return f"`{high}` 的梯度是 `{low}` 的 {wide:.0f} 倍；步子最大和最小，只差 {narrow:.1f} 倍。"


FIGURES = {"paths": paths, "sizes": sizes, "memory": memory, "spread": spread}
