"""Figures of the page generation/generate."""

import torch

from llm_book.generation.generate import stream
from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.publishing.figures import (
    BLUE,
    GREEN,
    MUTED,
    ORANGE,
    box,
    canvas,
    cell,
    results,
    table,
)

PROMPTS = [[11, 12, 13, 14, 15], [21, 22], [31, 32, 33]]
END, N_NEW = 10, 10
WORDS = {
    "en": {
        "timeline": "Three prompts of unequal length, continued together",
        "description": (
            "Three rows. The prompts of 5, 2, and 3 tokens end in the same column, with 3 pads "
            "before the second and 2 before the third. Each then gets one token a step. They end "
            "after 5, 7, and 8 new tokens, and the last step is the eighth."
        ),
        "column": "column",
        "step": "step",
        "read": "tokens read",
        "head": ["one token of GPT-2 124M", "32 tokens before it", "1,000 tokens before it"],
        "peers": {
            "ours, float32": "`generate`, float32",
            "F.linear, float32": "only its products, float32",
            "Hugging Face, float32": "Hugging Face, float32",
            "ours with oneDNN, float32": "`generate` after `use_onednn`, float32",
            "oneDNN, float32": "only its products, oneDNN",
            "ours, bfloat16": "`generate`, bfloat16",
            "F.linear, bfloat16": "only its products, bfloat16",
        },
        "milliseconds": "{:.1f} ms",
        "legend": [("pad", None), ("prompt", BLUE), ("new", ORANGE), ("end", GREEN)],
    },
    "zh": {
        "timeline": "三段长短不一的提示词，一起往下写",
        "description": (
            "三行。提示词有 5 个、2 个、3 个词元，右边对齐在同一列；第二行前面填 3 个，第三行填 2 个。"
            "然后每步每行一个词元。三行各写了 5 个、7 个、8 个新词元就结束，第八步是最后一步。"
        ),
        "column": "列",
        "step": "第几步",
        "read": "每行读入的词元数",
        "head": ["GPT-2 124M 写一个词元", "前面有 32 个词元", "前面有 1000 个词元"],
        "peers": {
            "ours, float32": "`generate`，float32",
            "F.linear, float32": "只做矩阵乘法，float32",
            "Hugging Face, float32": "Hugging Face，float32",
            "ours with oneDNN, float32": "用过 `use_onednn` 的 `generate`，float32",
            "oneDNN, float32": "只做矩阵乘法，oneDNN",
            "ours, bfloat16": "`generate`，bfloat16",
            "F.linear, bfloat16": "只做矩阵乘法，bfloat16",
        },
        "milliseconds": "{:.1f} 毫秒",
        "legend": [("填充", None), ("提示词", BLUE), ("新词元", ORANGE), ("结束", GREEN)],
    },
}


def random_model() -> GPT2:
    """Return the model of the page's examples."""
    torch.manual_seed(206)
    sizes = {"vocab_size": 50, "context_length": 64, "dim": 24, "n_layers": 2, "n_heads": 3}
    model = GPT2(GPT2Config(**sizes, tie_embeddings=False))
    for parameter in model.parameters():
        if parameter.dim() == 2:
            torch.nn.init.normal_(parameter, std=0.5)
    return model


def timeline(language: str):
    """Draw what stands in each column of each row, and what each step reads."""
    words = WORDS[language]
    steps = list(stream(random_model(), PROMPTS, N_NEW, eos_id=END))
    n_prompt = max(len(prompt) for prompt in PROMPTS)
    n_columns = n_prompt + len(steps)
    left, top, width, height = 104, 62, 45, 46
    title, description = words["timeline"], words["description"]
    figure, axes = canvas(left + width * n_columns + 1, 262, title=title, description=description)

    def write(x: float, y: float, text: str, **style: object) -> None:
        axes.text(x, y, text, **({"ha": "center", "va": "center", "fontsize": 10} | style))

    for y, name in ((14, "step"), (36, "column")):
        write(left - 10, y, words[name], ha="right", color=MUTED)
    for column in range(n_columns):
        middle = left + width * (column + 0.5)
        write(middle, 36, str(column), color=MUTED)
        if column >= n_prompt:
            write(middle, 14, str(column - n_prompt + 1), color=MUTED)
    for row, prompt in enumerate(PROMPTS):
        y, pads = top + height * row, n_prompt - len(prompt)
        new = [step[row] for step in steps if step[row] is not None]
        for column, token in enumerate([None] * pads + prompt + new):
            x, position = left + width * column + 2, column - pads
            if token is None:
                box(axes, x, y, width - 4, height - 6, linestyle=":")
            else:
                first_new = n_prompt - pads
                last = position >= first_new and token == END
                color = GREEN if last else ORANGE if position >= first_new else BLUE
                cell(axes, x, y, width - 4, height - 6, color=color, strength=0.25)
                write(x + width / 2 - 2, y + 14, str(token), fontsize=11.5)
            text = str(position).replace("-", "−")
            write(x + width / 2 - 2, y + 31, text, fontsize=9, color=MUTED)
    bottom = top + 3 * height + 12
    write(left - 10, bottom, words["read"], ha="right", color=MUTED)
    span = left + width * n_prompt / 2
    write(span, bottom, str(n_prompt), color=MUTED)
    for step in range(1, len(steps)):
        write(left + width * (n_prompt + step - 0.5), bottom, "1", color=MUTED)
    for i, (name, color) in enumerate(words["legend"]):
        x = left + 120 * i
        if color is None:
            box(axes, x + 2, bottom + 22, 22, 16, linestyle=":")
        else:
            cell(axes, x + 2, bottom + 22, 22, 16, color=color, strength=0.25)
        write(x + 32, bottom + 30, name, ha="left", fontsize=11)
    return figure


def speed(language: str) -> str:
    """Table the measured time of a token, of our models, their peers, and their limits."""
    words = WORDS[language]
    took = results("generation/generate")["results"]["milliseconds_per_token"]
    rows = [
        [name, *(words["milliseconds"].format(took[context][peer]) for context in ("32", "1000"))]
        for peer, name in words["peers"].items()
    ]
    return table(words["head"], rows)


def measured(language: str) -> str:
    """Say how much of a step is products, and what oneDNN and bfloat16 save."""
    entry = results("generation/generate")
    found, cores = entry["results"], entry["machine"]["cores"]
    took = found["milliseconds_per_token"]["32"]
    parts = found["parts_of_a_step_milliseconds"]["32"]["ours, float32"]
    share = 100 * (parts["products in the blocks"] + parts["product of the head"])
    share /= sum(parts.values())
    onednn, bfloat16 = (
        took["ours, float32"] / took[name]
        for name in ("ours with oneDNN, float32", "ours, bfloat16")
    )
    gigabytes = found["weight_bytes_float32"] / 1e9
    if language == "en":
        return (
            f"On {cores} cores, products are {share:.0f}% of a step at 32 tokens. Each reads its "
            f"weights from memory once, {gigabytes:.2f} GB in all. Another library for the same "
            f"products makes the token {onednn:.1f} times as fast, and weights of half the size "
            f"{bfloat16:.1f} times."
        )
    return (
        f"在 {cores} 个核上，前面有 32 个词元时，一步里有 {share:.0f}% 的时间在做矩阵乘法。"
        f"每次都要把权重从内存里读一遍，一共 {gigabytes:.2f} GB。乘法换一个库来做，写一个词元就快到 "
        f"{onednn:.1f} 倍；权重只占一半地方，快到 {bfloat16:.1f} 倍。"
    )


def peers(language: str) -> str:
    """Say how a token of ours compares with Hugging Face's."""
    took = results("generation/generate")["results"]["milliseconds_per_token"]
    plain, fast = (
        [took[length][name] / took[length]["Hugging Face, float32"] for length in ("32", "1000")]
        for name in ("ours, float32", "ours with oneDNN, float32")
    )
    if language == "en":
        return (
            f"In plain float32 a token of ours takes {plain[0]:.2f} times as long as one of Hugging "
            f"Face at 32 tokens, {plain[1]:.2f} times at 1,000: both wait for the same products. "
            f"After `use_onednn` it takes {fast[0]:.2f} and {fast[1]:.2f} times as long."
        )
    return (
        f"直接用 float32，写一个词元的时间，前面有 32 个词元时是 Hugging Face 的 {plain[0]:.2f} 倍，"
        f"有 1000 个时是 {plain[1]:.2f} 倍：大家等的是同样的乘法。用了 `use_onednn`，是 {fast[0]:.2f} 倍"
        f"和 {fast[1]:.2f} 倍。"
    )


def batches(language: str) -> str:
    """Say what one row and eight rows cost."""
    rows = results("generation/generate")["results"]["milliseconds_per_step_of_a_batch"]
    name = "ours, bfloat16"
    first, last = rows[0], rows[-1]
    size, one, many = last["batch"], first[name], last[name]
    each = size * one / many
    if language == "en":
        return (
            f"In bfloat16, a step takes {one:.1f} ms with one row and {many:.1f} ms with {size}: "
            f"{each:.1f} times as many tokens a second."
        )
    return (
        f"用 bfloat16，一行的时候一步 {one:.1f} 毫秒，{size} 行的时候 {many:.1f} 毫秒："
        f"每秒写出的词元，是一行时的 {each:.1f} 倍。"
    )


FIGURES = {
    "timeline": timeline,
    "speed": speed,
    "measured": measured,
    "peers": peers,
    "batches": batches,
}
