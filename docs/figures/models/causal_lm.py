"""Figures of the page models/causal_lm."""

from types import SimpleNamespace

import torch
from torch import Tensor, nn

from llm_book.models.causal_lm import CausalLM
from llm_book.nn.layer_norm import LayerNorm
from llm_book.nn.multi_head_attention import MultiHeadAttention
from llm_book.publishing.figures import BLUE, MUTED, ORANGE, arrow, box, canvas, cell

TOKENS = [3, 1, 4, 1, 5, 9]
WORDS = {
    "en": {
        "title": "The stream through a tiny model: six tokens, width 8, vocabulary 12",
        "description": (
            "Six token ids become a table of six rows and eight columns. Two blocks and the norm "
            "change its numbers but not its shape. The head widens each row to twelve logits."
        ),
        "names": ["tokens", "embed", "block 1", "block 2", "norm", "head"],
    },
    "zh": {
        "title": "小模型里的流：六个词元，宽度 8，词表 12",
        "description": (
            "六个词元编号变成六行八列的表。两个块和归一化改的是里面的数，形状一直不变。"
            "输出层把每一行变成十二个 logits。"
        ),
        "names": ["词元", "嵌入", "块 1", "块 2", "归一化", "输出层"],
    },
}


class AddingBlock(MultiHeadAttention):
    """An attention whose result is added to the stream."""

    def forward(self, x: Tensor, positions: Tensor, cache=None) -> Tensor:
        """Add what attention finds."""
        return x + super().forward(x, positions, cache)


def stations() -> list[Tensor]:
    """Return the stream after each part of a tiny model, and the logits."""
    torch.manual_seed(0)
    model = CausalLM()
    model.config = SimpleNamespace(context_length=16)
    model.embedding = nn.Embedding(12, 8)
    model.blocks = nn.ModuleList(AddingBlock(8, 2) for _ in range(2))
    model.norm, model.head = LayerNorm(8), nn.Linear(8, 12, bias=False)
    for block in model.blocks:
        nn.init.normal_(block.o_proj.weight, std=1.0)
        nn.init.normal_(block.qkv_proj.weight, std=0.6)
    tokens, positions = torch.tensor([TOKENS]), torch.arange(len(TOKENS))
    found = [model.embed(tokens, positions)]
    for block in model.blocks:
        found.append(block(found[-1], positions))
    found.append(model.norm(found[-1]))
    found.append(model.head(found[-1]))
    return [station[0].detach() for station in found]


def stream(language: str):
    """Draw the real numbers at each station: orange is positive, blue is negative."""
    words = WORDS[language]
    figure, axes = canvas(690, 190, title=words["title"], description=words["description"])
    size, height, top, left = 11, 18, 42, 12
    tables = stations()
    shapes = ["(1, 6)", *["(1, 6, 8)"] * 4, "(1, 6, 12)"]
    for place, (name, shape) in enumerate(zip(words["names"], shapes, strict=True)):
        width = 30 if place == 0 else size * tables[place - 1].shape[1]
        middle = left + width / 2
        axes.text(middle, 20, name, ha="center", va="center", fontsize=12)
        axes.text(middle, 170, shape, ha="center", va="center", fontsize=11, color=MUTED)
        if place == 0:
            for row, token in enumerate(TOKENS):
                y = top + height * row
                cell(axes, left, y, width, height, str(token), color=MUTED, strength=0.08)
        else:
            table = tables[place - 1]
            scale = table.abs().max().item()
            for row, numbers in enumerate(table.tolist()):
                for column, number in enumerate(numbers):
                    x, y = left + size * column, top + height * row
                    color = ORANGE if number > 0 else BLUE
                    strength = 0.9 * abs(number) / scale
                    box(axes, x, y, size, height, facecolor=color, alpha=strength, edgecolor="none")
            box(axes, left, top, width, height * len(TOKENS))
        left += width
        if place < 5:
            arrow(axes, (left + 4, top + 54), (left + 24, top + 54))
        left += 28
    return figure


FIGURES = {"stream": stream}
