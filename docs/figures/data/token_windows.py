"""Figures of the page data/token_windows."""

from llm_book.data.token_windows import TokenWindows
from llm_book.publishing.figures import BLUE, MUTED, ORANGE, RED, box, canvas, cell
from llm_book.tokenizers.bpe import train_bpe

LENGTH, STRIDES = 4, (2, 4, 6)
LEFT, WIDTH = 88, 43  # of the columns that hold the tokens
# A text for each language, and what its tokenizer is trained on.
TEXTS = {
    "en": ("The fox lost her scarf in the snow. The hare found it.",) * 2,
    "zh": (
        "狐狸在雪地里丢了红围巾，野兔捡到了，又还给了它。",
        "狐狸，在，雪地里，丢了，红围巾，野兔，捡到了，又，还给了，它。",
    ),
}
WORDS = {
    "en": {
        "predictions": "One window of four tokens, four questions and answers",
        "predictions_description": (
            "Four rows. In each one more token of the window is given, and the token that "
            "follows it is the answer. Below: the four inputs, and the four targets, which are "
            "the inputs moved by one."
        ),
        "given": "given",
        "inputs": "inputs",
        "targets": "targets",
        "slide": "Windows of four tokens that slide by 2, by 4, and by 6",
        "slide_description": (
            "Each row is a window: four input tokens, and under them the targets, one token "
            "further. With stride 2 most tokens are a target twice, with stride 4 once, and "
            "with stride 6 some are never a target."
        ),
        "stride": "stride",
        "times": "times\na target",
    },
    "zh": {
        "predictions": "四个词元的窗口里，有四道题和四个答案",
        "predictions_description": (
            "一共四行，每行比上一行多看一个词元，答案总是紧接着的那个词元。"
            "最下面是四个输入和四个目标，目标就是输入往后挪一位。"
        ),
        "given": "已知",
        "inputs": "输入",
        "targets": "目标",
        "slide": "四个词元的窗口，步长分别为 2、4、6",
        "slide_description": (
            "每行一个窗口：上面是四个输入词元，下面是往后挪了一位的目标。步长为 2 时，"
            "多数词元当两次目标；步长为 4 时各当一次；步长为 6 时，有些词元一次也轮不到。"
        ),
        "stride": "步长",
        "times": "当目标\n的次数",
    },
}


def tokenize(language: str) -> tuple[list[str], list[int]]:
    """Return the tokens of the text, to be shown, and their ids."""
    text, training = TEXTS[language]
    tokenizer = train_bpe(training, 400)
    ids = tokenizer.encode(text)
    return [tokenizer.decode([number]).replace(" ", "␣") for number in ids], ids


def predictions(language: str):
    """Draw the questions and answers of one window."""
    words = WORDS[language]
    figure, axes = canvas(
        388, 296, title=words["predictions"], description=words["predictions_description"]
    )
    pieces, ids = tokenize(language)
    left, width = 74, 62
    for row in range(LENGTH):
        y = 10 + 38 * row
        axes.text(left - 12, y + 15, f"{words['given']} {row + 1}", ha="right", va="center")
        for i in range(LENGTH + 1):
            x = left + width * i
            if i <= row:
                cell(axes, x + 2, y, width - 4, 30, pieces[i], color=BLUE)
            elif i == row + 1:
                cell(axes, x + 2, y, width - 4, 30, pieces[i] + " ?", color=ORANGE, strength=0.3)
            else:
                box(axes, x + 2, y, width - 4, 30, linestyle=":")
    inputs, targets = TokenWindows(ids, LENGTH, LENGTH)[0]
    for y, name, numbers, color, strength in (
        (190, "inputs", inputs, BLUE, 0.15),
        (242, "targets", targets, ORANGE, 0.3),
    ):
        axes.text(left - 12, y + 22, words[name], ha="right", va="center")
        shift = 0 if name == "inputs" else 1
        for i, number in enumerate(numbers.tolist()):
            x = left + width * (i + shift)
            label = f"{pieces[i + shift]}\n{number}"
            cell(axes, x + 2, y, width - 4, 44, label, color=color, strength=strength)
    return figure


def slide(language: str):
    """Draw all windows of a text for three strides."""
    words = WORDS[language]
    pieces, ids = tokenize(language)
    rows = [len(TokenWindows(ids, LENGTH, stride)) for stride in STRIDES]
    height = 98 + 24 * sum(rows) + 54 * len(rows)
    figure, axes = canvas(
        LEFT + WIDTH * len(ids) + 4,
        height,
        title=words["slide"],
        description=words["slide_description"],
    )
    for i, (piece, number) in enumerate(zip(pieces, ids, strict=True)):
        middle = LEFT + WIDTH * (i + 0.5)
        cell(axes, LEFT + WIDTH * i + 1.5, 8, WIDTH - 3, 30, piece, color=MUTED, size=10)
        axes.text(middle, 50, number, ha="center", va="center", fontsize=9.5, color=MUTED)
        axes.plot([middle, middle], [62, height - 38], color=MUTED, linewidth=0.4, alpha=0.5)
    y = 74
    for stride, count in zip(STRIDES, rows, strict=True):
        label = f"{words['stride']} {stride}"
        axes.text(4, y + 12 * count - 4, label, va="center", fontsize=12, fontweight="bold")
        times = [0] * len(ids)
        for index in range(count):
            x = LEFT + WIDTH * stride * index
            fill = {"facecolor": BLUE, "edgecolor": BLUE, "alpha": 0.75}
            box(axes, x + 2, y, WIDTH * LENGTH - 4, 8, **fill)
            fill = {"facecolor": ORANGE, "edgecolor": ORANGE, "alpha": 0.75}
            box(axes, x + WIDTH + 2, y + 9, WIDTH * LENGTH - 4, 8, **fill)
            for place in range(LENGTH):
                times[stride * index + place + 1] += 1
            y += 24
        axes.text(4, y + 12, words["times"], va="center", fontsize=9.5, color=MUTED)
        for i, number in enumerate(times):
            style = {"color": RED, "fontweight": "bold"} if number == 0 else {"color": MUTED}
            axes.text(LEFT + WIDTH * (i + 0.5), y + 8, number, ha="center", va="center", **style)
        y += 54
    for x, name, color in ((LEFT, "inputs", BLUE), (LEFT + 150, "targets", ORANGE)):
        box(axes, x + 2, height - 24, 40, 8, facecolor=color, edgecolor=color, alpha=0.75)
        axes.text(x + 50, height - 20, words[name], va="center")
    return figure


FIGURES = {"predictions": predictions, "slide": slide}
