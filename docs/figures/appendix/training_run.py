"""Figures of the page appendix/training_run."""

from llm_book.publishing.figures import GREEN, MUTED, RED, canvas, cell

N_STEPS, SAVE_EVERY, END = 12, 5, 8
WORDS = {
    "en": {
        "lanes": "Three runs of twelve steps: whole, stopped, and killed",
        "description": (
            "A row of twelve steps for each run, with checkpoints after the steps 5, 10, and 12. "
            "The run that is stopped by Ctrl+C has one more after step 8 and goes on with step 9. "
            "The run that is killed after step 8 goes back to step 5 and does the steps 6, 7, and "
            "8 a second time."
        ),
        "whole": "never stopped",
        "stopped": "Ctrl+C in step 8",
        "killed": "killed after step 8",
        "saved": "a checkpoint follows",
        "again": "lost, and done again",
    },
    "zh": {
        "lanes": "三次十二步的训练：没停过、停过、被杀过",
        "description": (
            "每次训练一行，一格是一步，第 5、10、12 步之后有检查点。按 Ctrl+C 停下的那次，第 8 步之后多一个检查点，从第 9 步接着走。"
            "第 8 步之后被杀掉的那次，退回第 5 步，第 6、7、8 步要再走一遍。"
        ),
        "whole": "没停过",
        "stopped": "第 8 步中按 Ctrl+C",
        "killed": "第 8 步后被杀掉",
        "saved": "之后存检查点",
        "again": "丢掉，再走一遍",
    },
}


def lanes(language: str):
    """Draw which steps each run does, and when it saves."""
    words = WORDS[language]
    left, top, width, height = 160, 14, 43, 30
    saved = {step for step in range(1, N_STEPS + 1) if step % SAVE_EVERY == 0} | {N_STEPS}
    figure, axes = canvas(690, 200, title=words["lanes"], description=words["description"])
    y = top
    for name in ("whole", "stopped", "killed"):
        axes.text(left - 12, y + height / 2, words[name], ha="right", va="center")
        points = saved | ({END} if name == "stopped" else set())
        last = max(step for step in points if step <= END)
        for step in range(1, N_STEPS + 1):
            x = left + width * (step - 1) + 2
            lost = name == "killed" and last < step <= END
            first = {"color": RED, "strength": 0.15} if lost else {"strength": 0.1}
            if step in points:
                first = {"color": GREEN, "strength": 0.4}
            cell(axes, x, y + 2, width - 4, height - 4, str(step), **first)
            if lost:
                cell(axes, x, y + height + 2, width - 4, height - 4, str(step), strength=0.1)
        if name != "whole":
            x = left + width * END
            axes.plot([x, x], [y - 2, y + height + 2], color=MUTED, linestyle=":")
        y += height + 10
    y += height
    for x, style, text in (
        (left, {"color": GREEN, "strength": 0.4}, "saved"),
        (left + 190, {"color": RED, "strength": 0.15}, "again"),
    ):
        cell(axes, x, y, 22, 16, **style)
        axes.text(x + 30, y + 8, words[text], va="center")
    return figure


FIGURES = {"lanes": lanes}
