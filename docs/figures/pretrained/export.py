"""Figures and tables of the page pretrained/export."""

import json

import torch

from llm_book.models.gpt2 import GPT2, GPT2_124M, WEIGHT_NAMES
from llm_book.pretrained.export import cut_shards
from llm_book.pretrained.families.gpt2 import GPT2Family
from llm_book.pretrained.weights import lay_out
from llm_book.publishing.figures import BLUE, GREEN, MUTED, ORANGE, canvas, cell, table

LIMIT = 200_000_000
WORDS = {
    "en": {
        "shards": "GPT-2 124M cut into files of at most 200 MB",
        "shards_description": "A bar for each file, as long as its weights: {}.",
        "limit": "limit: 200 MB",
        "megabytes": "{:.0f} MB",
        "token": "token embedding",
        "block": "blocks",
        "other": "the rest",
        "head": ["in config.json", "in our config", "GPT-2 124M"],
        "fixed": "(fixed)",
    },
    "zh": {
        "shards": "GPT-2 124M 切成几个文件，每个最多 200 MB",
        "shards_description": "每个文件一条，长短是里面权重的大小：{}。",
        "limit": "上限：200 MB",
        "megabytes": "{:.0f} MB",
        "token": "词元嵌入",
        "block": "各个块",
        "other": "其余",
        "head": ["config.json 里", "我们的配置里", "GPT-2 124M"],
        "fixed": "（不变）",
    },
}


def shards(language: str):
    """Draw the tensors of each file."""
    words = WORDS[language]
    with torch.device("meta"):
        parameters = dict(GPT2(GPT2_124M).named_parameters())
    layout = lay_out(parameters, WEIGHT_NAMES)
    files = list(cut_shards(parameters, layout, LIMIT))
    left, scale = 190, 380 / LIMIT
    sizes = [
        {name: 4 * torch.Size(layout[name].shape(parameters)).numel() for name in names}
        for names in files
    ]
    said = ", ".join(words["megabytes"].format(sum(size.values()) / 1e6) for size in sizes)
    figure, axes = canvas(
        690, 66 + 44 * len(files) + 26,
        title=words["shards"], description=words["shards_description"].format(said),
    )  # fmt: skip
    for i, (name, color) in enumerate((("token", ORANGE), ("block", BLUE), ("other", GREEN))):
        cell(axes, left + 150 * i, 10, 20, 16, color=color, strength=0.3)
        axes.text(left + 150 * i + 28, 18, words[name], va="center")
    for row, size in enumerate(sizes):
        y, x = 50 + 44 * row, left
        axes.text(
            left - 8,
            y + 15,
            f"model-{row + 1:05}-of-{len(files):05}",
            ha="right",
            va="center",
            fontsize=10,
        )
        for name, n_bytes in size.items():
            color = ORANGE if name == "wte.weight" else BLUE if name.startswith("h.") else GREEN
            cell(axes, x, y, n_bytes * scale, 30, color=color, strength=0.25)
            x += n_bytes * scale
        said = words["megabytes"].format(sum(size.values()) / 1e6)
        axes.text(left + LIMIT * scale + 14, y + 15, said, va="center")
    bottom = 50 + 44 * len(files)
    axes.plot([left + LIMIT * scale] * 2, [44, bottom], color=MUTED, linestyle="--")
    axes.text(
        left + LIMIT * scale, bottom + 14, words["limit"], ha="center", va="center", color=MUTED
    )
    return figure


def fields(language: str) -> str:
    """Put the fields of config.json beside ours."""
    words, rows = WORDS[language], []
    published = GPT2Family.write(GPT2_124M)
    ours = GPT2Family.fields | {theirs: mine for theirs, (mine, _) in GPT2Family.defaults.items()}
    ours |= {"activation_function": "exact_gelu", "attn_pdrop": "dropout", "resid_pdrop": "dropout"}
    for name, value in published.items():
        mine = ours.get(name)
        rows.append([f"`{name}`", f"`{mine}`" if mine else words["fixed"], json.dumps(value)])
    return table(words["head"], rows)


FIGURES = {"shards": shards, "fields": fields}
