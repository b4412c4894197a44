"""Figures of the page nn/feed_forward."""

import torch

from llm_book.nn.feed_forward import FeedForward, gelu
from llm_book.publishing.figures import BLUE, GRAY, GREEN, INK, MUTED, ORANGE, box, canvas

WORDS = {
    "en": {
        "curve": "GELU, ReLU, and the probability that GELU weighs with",
        "curve_description": (
            "GELU follows ReLU for large numbers of either sign. Between -2 and 2 it is smooth and "
            "dips to -0.17 at -0.75. The weight climbs from 0 to 1 like an S."
        ),
        "weight": "the weight Φ(x)",
        "plane": "What each of three networks makes of the plane after the same training",
        "plane_description": (
            "The linear layer and the two linear layers in a row give 0.5 everywhere. The "
            "feed-forward network gives 1 in two opposite corners and 0 in the others."
        ),
        "names": ["linear", "two linear", "feed-forward"],
    },
    "zh": {
        "curve": "GELU、ReLU，以及 GELU 用作权重的概率",
        "curve_description": (
            "数的绝对值大时，GELU 和 ReLU 几乎重合。在 -2 到 2 之间它是光滑的，在 -0.75 处最低，约 -0.17。"
            "权重像字母 S，从 0 升到 1。"
        ),
        "weight": "权重 Φ(x)",
        "plane": "同样训练之后，三个网络把平面变成了什么",
        "plane_description": (
            "一个线性层和两个线性层连着，到处都给出 0.5。前馈网络在一对对角给出 1，在另一对给出 0。"
        ),
        "names": ["线性", "两个线性", "前馈网络"],
    },
}


def curve(language: str):
    """Plot the activation and what it is made of."""
    words = WORDS[language]
    figure, axes = canvas(
        600, 300, title=words["curve"], description=words["curve_description"], plot=True
    )
    x = torch.linspace(-4, 4, 161)
    axes.plot(x, torch.relu(x), "--", color=GRAY, label="ReLU")
    axes.plot(x, gelu(x), color=BLUE, label="GELU")
    axes.plot(x, 0.5 * (1 + torch.erf(x / 2**0.5)), ":", color=ORANGE, label=words["weight"])
    axes.set(xlabel="x", ylim=(-0.6, 4))
    axes.grid()
    axes.legend()
    return figure


def train(model: torch.nn.Module) -> torch.nn.Module:
    """Train a network on the four corners, as the example of the page does."""
    inputs = torch.tensor([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    targets = torch.tensor([[0.0], [1.0], [1.0], [0.0]])
    torch.manual_seed(0)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(500):
        loss = (model(inputs) - targets).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


def plane(language: str):
    """Draw the output of three trained networks over the plane."""
    words = WORDS[language]
    figure, axes = canvas(690, 250, title=words["plane"], description=words["plane_description"])
    linear = torch.nn.Linear
    models = [
        linear(2, 1),
        torch.nn.Sequential(linear(2, 8), linear(8, 1)),
        torch.nn.Sequential(FeedForward(2, 8), linear(2, 1)),
    ]
    side, n = 176, 11
    for i, (name, model) in enumerate(zip(words["names"], models, strict=True)):
        left, size = 24 + 228 * i, side / n
        model = train(model)
        axes.text(left + side / 2, 16, name, ha="center", va="center", fontsize=12)
        for row in range(n):
            for column in range(n):
                point = torch.tensor([3 * column / (n - 1) - 1.5, 1.5 - 3 * row / (n - 1)])
                strength = round(min(max(model(point).item(), 0), 1), 1)  # alike on every processor
                x, y = left + column * size, 36 + row * size
                box(
                    axes, x, y, size, size, facecolor=GREEN, alpha=0.75 * strength, edgecolor="none"
                )
        box(axes, left, 36, side, side)
        for x, y, target in ((-1, -1, 0), (-1, 1, 1), (1, -1, 1), (1, 1, 0)):
            place = (left + (x + 1.5) / 3 * side, 36 + (1.5 - y) / 3 * side)
            axes.text(*place, target, ha="center", va="center", fontsize=13, color=INK)
        axes.text(left, 228, "-1.5", fontsize=9, color=MUTED, ha="center")
        axes.text(left + side, 228, "1.5", fontsize=9, color=MUTED, ha="center")
    return figure


FIGURES = {"curve": curve, "plane": plane}
