"""Figures and tables of the page training/checkpoint."""

import tempfile
from pathlib import Path
from unittest import mock

import torch

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
from llm_book.training import checkpoint
from llm_book.training.trainer import History

WORDS = {
    "en": {
        "moments": "The folder of a run while it saves step 300",
        "description": (
            "Five rows, one for each moment. Before: the checkpoints 100 and 200; a crash goes on "
            "from 200. While files are written there is also step 300 with the ending .tmp, and "
            "a crash still goes on from 200. After the renaming, step 300 is complete and counts. "
            "Then step 100 gets the ending .tmp, and is deleted."
        ),
        "before": "before",
        "written": "files are written and flushed",
        "renamed": "300 is renamed",
        "retired": "100 is renamed",
        "deleted": "100 is deleted",
        "after": "after a crash we go on from",
        "complete": "complete",
        "unfinished": "not complete, swept away by the next save",
        "kills_head": ["way of saving", "kills", "while a file was unfinished", "lost"],
        "whole": "`save_checkpoint`",
        "over": "`torch.save` over the old file",
        "costs_head": ["GPT-2 124M", "seconds to save", "seconds to load"],
        "ours": "`save_checkpoint`, `load_checkpoint`",
        "theirs": "`torch.save` and flush, `torch.load`",
    },
    "zh": {
        "moments": "存第 300 步时，文件夹里有什么",
        "description": (
            "五行，一行一个时刻。开始时有第 100 步和第 200 步，这时出事，就从 200 接着走。写文件时多出一个带 .tmp 的 300，"
            "出事仍从 200 接着走。改名之后，300 完整了，从它接着走。然后 100 改名带上 .tmp，最后被删掉。"
        ),
        "before": "开始之前",
        "written": "写文件，等它们落到磁盘",
        "renamed": "300 改名",
        "retired": "100 改名",
        "deleted": "100 删掉",
        "after": "这时出事，就从这一步接着走",
        "complete": "完整",
        "unfinished": "不完整，下次保存时清掉",
        "kills_head": ["存法", "杀掉次数", "正写到一半", "丢失"],
        "whole": "`save_checkpoint`",
        "over": "`torch.save` 盖掉旧文件",
        "costs_head": ["GPT-2 124M", "存一次（秒）", "读一次（秒）"],
        "ours": "`save_checkpoint`、`load_checkpoint`",
        "theirs": "`torch.save` 并落盘、`torch.load`",
    },
}


def watch() -> dict[str, list[str]]:
    """Save for real, and note the names in the folder at each moment."""
    model = torch.nn.Linear(2, 2)
    optimizer = torch.optim.AdamW(model.parameters())
    seen: dict[str, list[str]] = {}

    def look(moment: str) -> None:
        seen[moment] = sorted(path.name for path in Path(folder).iterdir())

    flush, rename = checkpoint.flush, Path.rename

    def looking_flush(path: Path) -> None:
        if "renamed" not in seen:
            look("written")
        flush(path)

    def looking_rename(path: Path, target: Path) -> Path:
        renamed = rename(path, target)
        look("retired" if target.name.endswith(".tmp") else "renamed")
        return renamed

    with tempfile.TemporaryDirectory() as folder:
        for step in (100, 200):
            checkpoint.save_checkpoint(folder, model, optimizer, History([0.0] * step))
        look("before")
        with (
            mock.patch.object(Path, "rename", looking_rename),
            mock.patch.object(checkpoint, "flush", looking_flush),
        ):
            checkpoint.save_checkpoint(folder, model, optimizer, History([0.0] * 300))
        look("deleted")
    return seen


def moments(language: str):
    """Draw what lies in the folder while a checkpoint is saved."""
    words, seen = WORDS[language], watch()
    left, top, width, height = 210, 34, 104, 34
    figure, axes = canvas(
        690, top + 5 * height + 40, title=words["moments"], description=words["description"]
    )
    axes.text(684, top - 16, words["after"], ha="right", va="center", fontsize=10, color=MUTED)
    for row, moment in enumerate(("before", "written", "renamed", "retired", "deleted")):
        y = top + height * row
        axes.text(left - 14, y + height / 2, words[moment], ha="right", va="center")
        complete = []
        for column, step in enumerate((100, 200, 300)):
            x = left + width * column + 3
            name = f"step-{step:08d}"
            if name in seen[moment]:
                complete.append(step)
                cell(axes, x, y + 3, width - 6, height - 6, str(step), color=BLUE)
            elif f"{name}.tmp" in seen[moment]:
                color = {"edgecolor": ORANGE, "linestyle": "--"}
                box(axes, x, y + 3, width - 6, height - 6, **color)
                middle = (x + (width - 6) / 2, y + height / 2)
                axes.text(*middle, f"{step}.tmp", ha="center", va="center")
        target = left + 3 * width + 60
        cell(axes, target, y + 3, 60, height - 6, str(complete[-1]), color=GREEN)
    y = top + 5 * height + 12
    cell(axes, left + 3, y, 22, 16, color=BLUE)
    axes.text(left + 33, y + 8, words["complete"], va="center")
    box(axes, left + 120, y, 22, 16, edgecolor=ORANGE, linestyle="--")
    axes.text(left + 150, y + 8, words["unfinished"], va="center")
    return figure


def kills(language: str) -> str:
    """Table what was lost in the kills of each way."""
    words, measured = WORDS[language], results("training/checkpoint")["results"]["kills"]
    rows = []
    for way in ("whole", "over"):
        report = measured[way]
        # The other way has no name that would tell an unfinished file from a finished one.
        unfinished = str(report["while_writing"]) if way == "whole" else "–"
        rows.append([words[way], str(report["kills"]), unfinished, str(report["lost"])])
    return table(words["kills_head"], rows)


def verdict(language: str) -> str:
    """Say what the table of kills shows."""
    measured = results("training/checkpoint")["results"]["kills"]
    whole, over = measured["whole"], measured["over"]
    share = 100 * over["lost"] / over["kills"]
    if language == "en":
        ours = "none" if whole["lost"] == 0 else f"{whole['lost']}"
        return (
            f"Of {whole['kills']:,} runs that saved with `save_checkpoint`, {ours} lost its last "
            f"checkpoint, although {whole['while_writing']} were killed while one was being "
            f"written. Written over the old file, {share:.0f}% were lost: the run does nothing but "
            "save, so most kills come while it writes."
        )
    ours = "没有一个" if whole["lost"] == 0 else f"{whole['lost']} 个"
    return (
        f"用 `save_checkpoint` 存的 {whole['kills']} 次里，{ours}丢了最后的检查点，"
        f"虽然有 {whole['while_writing']} 次正写到一半就被杀掉。盖掉旧文件的存法，丢了 {share:.0f}%："
        "这个程序一直在存，所以多半死在正写的时候。"
    )


def costs(language: str) -> str:
    """Table the time to save and to load."""
    words, measured = WORDS[language], results("training/checkpoint")["results"]["costs"]
    return table(
        words["costs_head"],
        [
            [words["ours"], f"{measured['save_seconds']:.1f}", f"{measured['load_seconds']:.1f}"],
            [
                words["theirs"],
                f"{measured['torch_save_seconds']:.1f}",
                f"{measured['torch_load_seconds']:.1f}",
            ],
        ],
    )


def size(language: str) -> str:
    """Say how large a checkpoint of GPT-2 124M is."""
    measured = results("training/checkpoint")["results"]["costs"]
    files, n = measured["bytes"], measured["parameters"]
    total = sum(files.values())
    each = f"{measured['bytes_per_parameter']:.3f}"
    speed = total / measured["save_seconds"] / 1e6
    if language == "en":
        return (
            f"The checkpoint has {total:,} bytes, {each} for each of the {n:,} parameters. "
            f"`model.safetensors` has a third of them, `optimizer.safetensors` two thirds, and "
            f"`state.json` {files['state.json']:,} bytes. Saving reaches {speed:.0f} MB a second."
        )
    return (
        f"检查点一共 {total} 字节，模型有 {n} 个参数，平均每个 {each} 字节。`model.safetensors` 占三分之一，"
        f"`optimizer.safetensors` 占三分之二，`state.json` 只有 {files['state.json']} 字节。"
        f"存盘的速度是每秒 {speed:.0f} MB。"
    )


FIGURES = {"moments": moments, "kills": kills, "verdict": verdict, "costs": costs, "size": size}
