"""Figures and tables of the page models/comparison, read from the presets and their models."""

import functools
import itertools
import statistics

from torch import nn

from llm_book.models.causal_lm import CausalLM, count_parameters
from llm_book.models.gemma3 import GEMMA_3_27B, Gemma3, Gemma3Block
from llm_book.models.glm import CHATGLM3_6B, GLM_4_9B_0414, Glm, GlmBlock
from llm_book.models.gpt2 import GPT2, GPT2_1_5B, GPT2Block
from llm_book.models.llama import LLAMA_3_1_8B, Llama, LlamaBlock
from llm_book.models.olmo3 import OLMO_3_7B, Olmo3, Olmo3Block
from llm_book.models.qwen3 import QWEN3_0_6B, QWEN3_30B_A3B, Qwen3, Qwen3Block
from llm_book.nn.mixture_of_experts import MixtureOfExperts
from llm_book.publishing.figures import (
    BLUE,
    GRAY,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    PAPER,
    PURPLE,
    RED,
    arrow,
    box,
    canvas,
    cell,
    results,
    source_diff,
    table,
)
from llm_book.publishing.models import active_parameters, cache_bytes, on_meta

PRESETS = {
    "GPT-2 1.5B": (GPT2, GPT2_1_5B),
    "Llama 3.1 8B": (Llama, LLAMA_3_1_8B),
    "Qwen3 0.6B": (Qwen3, QWEN3_0_6B),
    "Qwen3 30B-A3B": (Qwen3, QWEN3_30B_A3B),
    "Gemma 3 27B": (Gemma3, GEMMA_3_27B),
    "OLMo 3 7B": (Olmo3, OLMO_3_7B),
    "ChatGLM3 6B": (Glm, CHATGLM3_6B),
    "GLM-4 9B 0414": (Glm, GLM_4_9B_0414),
}
BLOCKS = {
    "GPT-2": GPT2Block,
    "Llama": LlamaBlock,
    "Qwen3": Qwen3Block,
    "Gemma 3": Gemma3Block,
    "OLMo 3": Olmo3Block,
    "GLM": GlmBlock,
}
CONTEXT = 32_768
SPACE = "\u00a0"  # that breaks no line
CURVES = {  # from the highest at the end to the lowest
    "GLM-4-0414": (PURPLE, "--"),
    "GPT-2": (GRAY, "-"),
    "OLMo 3": (RED, "-"),
    "Llama 3": (BLUE, "-"),
    "GLM-4": (PURPLE, "-"),
    "Gemma 3": (ORANGE, "-"),
    "Qwen3 MoE": (GREEN, "--"),
    "Qwen3": (GREEN, "-"),
}
WORDS = {
    "en": {
        "parts": [
            "", "positions", "norms", "heads / of keys", "norm of q and k",
            "layers with a window", "feed-forward", "biases",
        ],
        "learned": "learned, {n:,}",
        "rotary": "rotary, {theta}",
        "base": lambda n: f"{n / 1e6:g}{SPACE}M" if n >= 100_000 else f"{n:,.0f}",
        "share": ", {share} of a head",
        "slower": ", {kind}",
        "comma": ", ",
        "before": "before",
        "after": "after",
        "both": "before and after",
        "heads": "{n_heads} / {n_kv}",
        "none": "–",
        "each": "each head",
        "all": "all heads",
        "window": "{n} of {all}",
        "plain": "GELU",
        "gated": "gate, {name}",
        "experts": "{active} of {all} experts",
        "tied": ", tied",
        "numbers": [
            "", "width C", "blocks", "vocabulary", "parameters", "used for a token",
            "embedding and head", "cache at 32,768 tokens",
        ],
        "million": lambda n: f"{n / 1e9:.2f}{SPACE}B" if n >= 1e9 else f"{n / 1e6:.0f}{SPACE}M",
        "tree": "Which block is a step away from which",
        "tree_description": (
            "A tree of six families. From GPT-2 an arrow leads to Llama, from Llama to Qwen3 and to "
            "GLM, from Qwen3 to Gemma 3 and to OLMo 3. Beside each arrow stands what is exchanged."
        ),
        "steps": {
            "Llama": ["RMSNorm, no biases", "rotary positions", "a gate, shared keys"],
            "Qwen3": ["norm of queries", "and keys; experts"],
            "GLM": ["half of a head turns,", "biases of q, k, v"],
            "Gemma 3": ["norms on both sides,", "windows, GELU in the gate"],
            "OLMo 3": ["norms behind the parts,", "windows"],
        },
        "side": "The blocks side by side",
        "side_description": (
            "Six columns, one for each family, from the bottom to the top: a norm before attention, "
            "attention, a norm after it, the sum; the same for the feed-forward part. OLMo 3 has no "
            "norms before, GPT-2, Llama, and Qwen3 none after; Gemma 3 and GLM-4-0414 have both."
        ),
        "near": (
            "Between any two models of this chapter no more than {n_most} lines change, and between "
            "{} and {} only {n_least}. GPT-2 is farther from each, {n_gpt2} lines or more."
        ),
        "names": {"norm": "norm", "attention": "attention", "feed": "feed-forward"},
        "learning": "The same stories, the same number of steps",
        "learning_description": (
            "Loss of eight models against the steps of training. All fall from the same height; the "
            "table below gives their order at the end."
        ),
        "step": "step",
        "loss": "nats a character",
        "floor": "floor",
        "loss_head": ["", "weights", "after {steps} steps, two seeds", "times the floor"],
    },
    "zh": {
        "parts": [
            "", "位置", "归一化", "头数 / 键值头数", "q、k 归一化", "有窗口的层", "前馈网络", "偏置",
        ],
        "learned": "学出来的，{n:,}",
        "rotary": "旋转，{theta}",
        "base": lambda n: f"{n / 1e4:g}{SPACE}万",
        "share": "，一个头转 {share}",
        "slower": "，{kind}",
        "comma": "，",
        "before": "之前",
        "after": "之后",
        "both": "前后都有",
        "heads": "{n_heads} / {n_kv}",
        "none": "–",
        "each": "逐头",
        "all": "所有头一起",
        "window": "{all} 层里 {n} 层",
        "plain": "GELU",
        "gated": "门，{name}",
        "experts": "{all} 个专家选 {active} 个",
        "tied": "，绑定",
        "numbers": [
            "", "宽度 C", "块数", "词表", "参数", "一个词元用到", "嵌入和输出层",
            "32,768 个词元的缓存",
        ],
        "million": lambda n: f"{n / 1e8:.1f}{SPACE}亿",
        "tree": "哪个块离哪个块只有一步",
        "tree_description": (
            "六个家族的树。GPT-2 有箭头到 Llama，Llama 到 Qwen3 和 GLM，Qwen3 到 Gemma 3 和 OLMo 3。"
            "箭头旁写着换掉了什么。"
        ),
        "steps": {
            "Llama": ["RMSNorm，去掉偏置", "旋转位置", "加门，共用键"],
            "Qwen3": ["查询和键先归一化，", "专家"],
            "GLM": ["一个头只转一半，", "q、k、v 有偏置"],
            "Gemma 3": ["前后都归一化，", "窗口，门用 GELU"],
            "OLMo 3": ["只在后面归一化，", "窗口"],
        },
        "side": "几个块并排看",
        "side_description": (
            "六列，一列一个家族，从下往上：注意力之前的归一化、注意力、注意力之后的归一化、相加，前馈网络也一样。"
            "OLMo 3 前面没有归一化，GPT-2、Llama、Qwen3 后面没有，Gemma 3 和 GLM-4-0414 前后都有。"
        ),
        "near": (
            "这一章的模型，任意两个的块最多差 {n_most} 行，{} 和 {} 只差 {n_least} 行。GPT-2 离谁都要远一些，少说也有 {n_gpt2} 行。"
        ),
        "names": {"norm": "归一化", "attention": "注意力", "feed": "前馈网络"},
        "learning": "同样的故事，同样的步数",
        "learning_description": (
            "八个模型的损失随训练步数下降，起点一样高。最后的名次见下面的表。"
        ),
        "step": "步",
        "loss": "每字符奈特数",
        "floor": "下限",
        "loss_head": ["", "权重", "{steps} 步之后，两个种子", "下限的倍数"],
    },
}  # fmt: skip


VERDICT = {
    "en": [
        "After {steps} steps all are still far from the floor: {first} has {lowest} times its loss, {last} "
        "{highest} times. The two seeds of a family end up to {spread} nats apart, and families that "
        "are closer than that are not told apart here.",
        "From GPT-2 to Llama, the loss goes from {gpt} to {llama}, and with norms of queries and keys, "
        "from Llama to Qwen3, to {qwen}. Experts bring nothing in so short a run: {moe}.",
        "**Norms behind the parts begin badly.** GLM-4 and GLM-4-0414 differ in them alone, and the "
        "newer one ends at {glm_new} instead of {glm}. OLMo 3 has them as well, and ends at {olmo}. A new "
        "embedding has numbers of about 0.02. What a norm behind a part lets into the stream has the "
        "size 1, fifty times as much, and the token drowns in it until training has made the norms "
        "small. Gemma 3 has the same norms, and {gemma}: it multiplies its embedding by √C. With that "
        "factor alone, OLMo 3 ends at {louder_olmo} and GLM-4-0414 at {louder_glm}. The parts of a model are "
        "chosen for each other, and no column of the table says that. (The real models trained "
        "thousands of times as long, and had the time to recover.)",
    ],
    "zh": [
        "{steps} 步之后，谁都离下限还远：{first} 的损失是下限的 {lowest} 倍，{last} 是 {highest} 倍。同一家换个种子，结果最多差 "
        "{spread} 奈特；两家相差比这还小的，就分不出高下。",
        "从 GPT-2 到 Llama，损失从 {gpt} 降到 {llama}；从 Llama 到 Qwen3，查询和键先归一化，又降到 {qwen}。专家在这么短的训练里"
        "没有帮上忙：{moe}。",
        "**归一化放在后面，开头很吃亏。**GLM-4 和 GLM-4-0414 只差这一处，新的那个停在 {glm_new}，旧的是 {glm}。OLMo 3 也放在后面，"
        "是 {olmo}。嵌入刚初始化时，数的大小在 0.02 上下；放在后面的归一化交给流的数，大小是 1，五十倍。词元自己被淹没了，"
        "要等训练把归一化的权重压小才露得出头。Gemma 3 的归一化放得一样，却是 {gemma}：它把嵌入乘了 √C。只照样乘上这一个数，OLMo 3 就停在 {louder_olmo}，GLM-4-0414 停在 {louder_glm}。零件是互相配着选的，"
        "这一点，表里哪一列也没有写。（真正的模型训练的步数是这里的几千倍，有的是时间缓过来。）",
    ],
}


@functools.cache
def model_of(name: str) -> CausalLM:
    """Return the model of a preset, without memory for its weights."""
    return on_meta(*PRESETS[name])


def has_norm(block: nn.Module, name: str) -> bool:
    """Return if a block has a norm of this name that does something."""
    return not isinstance(getattr(block, name, nn.Identity()), nn.Identity)


def positions(words, model) -> str:
    """Say how a model knows the order of its tokens."""
    config = model.config
    if not hasattr(config, "rope_theta"):
        return words["learned"].format(n=config.context_length)
    text = words["rotary"].format(theta=words["base"](config.rope_theta))
    share = getattr(config, "rotary_share", 1)
    if share != 1:
        text += words["share"].format(share="1/2" if share == 0.5 else share)
    if config.rope_scaling:
        text += words["slower"].format(kind=config.rope_scaling["rope_type"])
    return text


def norms(words, model) -> str:
    """Say which norm a model has, and where."""
    block = model.blocks[0]
    before, after = has_norm(block, "attention_norm"), has_norm(block, "attention_post_norm")
    place = words["both"] if before and after else words["before" if before else "after"]
    return f"{type(model.norm).__name__}{words['comma']}{place}"


def of_queries(words, model) -> str:
    """Say how queries and keys are normalized."""
    attention = model.blocks[0].attention
    if not has_norm(attention, "q_norm"):
        return words["none"]
    return words["each" if attention.q_norm.weight.dim() == 1 else "all"]


def windows(words, model) -> str:
    """Say how many layers see a window only."""
    config = model.config
    if not hasattr(config, "window"):
        return words["none"]
    narrow = config.n_layers - len(config.global_layers)
    return words["window"].format(n=narrow, all=config.n_layers, window=config.window)


def feed_forward(words, model) -> str:
    """Say what a model's feed-forward part is."""
    part = model.blocks[0].feed_forward
    if isinstance(part, MixtureOfExperts):
        config = model.config
        return words["experts"].format(active=config.n_active_experts, all=config.n_experts)
    if not hasattr(part, "gate_proj"):
        return words["plain"]
    function = getattr(part.activation, "func", part.activation)  # a partial has one inside
    return words["gated"].format(name={"silu": "SiLU", "gelu": "GELU"}[function.__name__])


def biases(words, model) -> str:
    """Name the matrices that have a bias."""
    names = [
        name.split(".")[-2] for name, _ in model.blocks[0].named_parameters() if "bias" in name
    ]
    short = [name.removesuffix("_proj") for name in names if name.endswith("_proj")]
    return ", ".join(short) or words["none"]


def parts(language: str) -> str:
    """Table what the families are made of, read from the models."""
    words = WORDS[language]
    columns = []
    for name in PRESETS:
        model = model_of(name)
        config = model.config
        n_kv = getattr(config, "n_kv_heads", config.n_heads)
        columns.append(
            [
                name,
                positions(words, model),
                norms(words, model),
                words["heads"].format(n_heads=config.n_heads, n_kv=n_kv),
                of_queries(words, model),
                windows(words, model),
                feed_forward(words, model),
                biases(words, model),
            ]
        )
    return table(words["parts"], columns)


def sizes(language: str) -> str:
    """Table the sizes; the cache is asked for its own, in bfloat16."""
    words = WORDS[language]
    rows = []
    for name in PRESETS:
        model = model_of(name)
        config, say = model.config, words["million"]
        total = count_parameters(model)
        outside = total - count_parameters(model.blocks)
        tied = model.head.weight is getattr(model.embedding, "token", model.embedding).weight
        rows.append(
            [
                name,
                f"{config.dim:,}",
                f"{config.n_layers}",
                f"{config.vocab_size:,}",
                say(total),
                say(active_parameters(model)),
                f"{outside / total:.0%}" + (words["tied"] if tied else ""),
                f"{cache_bytes(model, CONTEXT) / 2**30:.2f}{SPACE}GiB",
            ]
        )
    return table(words["numbers"], rows)


def tree(language: str):
    """Draw which block is a step away from which."""
    words = WORDS[language]
    figure, axes = canvas(690, 300, title=words["tree"], description=words["tree_description"])
    places = {
        "GPT-2": (10, 130), "Llama": (200, 130), "Qwen3": (390, 60), "GLM": (390, 230),
        "Gemma 3": (575, 20), "OLMo 3": (575, 140),
    }  # fmt: skip
    relatives = {
        "Llama": "GPT-2", "Qwen3": "Llama", "GLM": "Llama", "Gemma 3": "Qwen3", "OLMo 3": "Qwen3",
    }  # fmt: skip
    colors = dict(zip(places, (GRAY, BLUE, GREEN, PURPLE, ORANGE, ORANGE), strict=True))
    for name, (x, y) in places.items():
        cell(axes, x, y, 90, 36, name, color=colors[name], size=12)
    for name, older in relatives.items():
        (x, y), (from_x, from_y) = places[name], places[older]
        arrow(axes, (from_x + 92, from_y + 18), (x - 2, y + 18))
        lines = words["steps"][name]
        centre = x + 45
        for number, line in enumerate(lines):
            axes.text(
                centre, y + 50 + 15 * number, line,
                ha="center", va="center", fontsize=9.5, color=INK,
            )  # fmt: skip
    return figure


def side(language: str):
    """Draw the blocks side by side, as the models have them."""
    words, names = WORDS[language], WORDS[language]["names"]
    figure, axes = canvas(690, 330, title=words["side"], description=words["side_description"])
    shown = [
        "GPT-2 1.5B",
        "Llama 3.1 8B",
        "Qwen3 0.6B",
        "Gemma 3 27B",
        "OLMo 3 7B",
        "GLM-4 9B 0414",
    ]
    for column, name in enumerate(shown):
        block, left = model_of(name).blocks[0], 14 + 113 * column
        axes.text(left + 46, 14, name, ha="center", va="center", fontsize=10.5, color=INK)
        arrow(axes, (left + 4, 322), (left + 4, 28), color=INK, linewidth=2)
        for part, bottom in (("attention", 300), ("feed_forward", 160)):
            label = names["attention" if part == "attention" else "feed"]
            stack = [(f"{part}_norm", names["norm"], GREEN), (None, label, BLUE)]
            stack.append((f"{part}_post_norm", names["norm"], ORANGE))
            axes.plot([left + 4, left + 54], [bottom, bottom], color=MUTED, linewidth=1, zorder=0.5)
            axes.plot(
                [left + 54, left + 54], [bottom, bottom - 118], color=MUTED, linewidth=1, zorder=0.5
            )
            arrow(axes, (left + 54, bottom - 118), (left + 7, bottom - 118))
            for place, (attribute, text, color) in enumerate(stack):
                if attribute and not has_norm(block, attribute):
                    continue
                top = bottom - 36 - 34 * place
                box(axes, left + 14, top, 82, 26, facecolor=PAPER, edgecolor="none")
                special = (
                    part == "attention"
                    and attribute is None
                    and has_norm(block.attention, "q_norm")
                )
                cell(
                    axes, left + 14, top, 82, 26, text + (" *" if special else ""), color=color,
                    size=9.5 if language == "en" else 10.5,
                )  # fmt: skip
    return figure


def changed_lines(older: str, newer: str) -> int:
    """Count the lines that change from one block to another, the name of the class aside."""
    changed = source_diff(BLOCKS[older], BLOCKS[newer]).splitlines()[1:-1]
    return max(sum(line[0] == sign for line in changed) for sign in "+-") - 1


def lines(language: str) -> str:
    """Table by how many lines two blocks differ."""
    rows = [
        [older, *("–" if older == newer else str(changed_lines(older, newer)) for newer in BLOCKS)]
        for older in BLOCKS
    ]
    return table(["", *BLOCKS], rows)


def near(language: str) -> str:
    """Say how far the blocks of this chapter are from each other at most, and at least."""
    modern = [name for name in BLOCKS if name != "GPT-2"]
    counts = {pair: changed_lines(*pair) for pair in itertools.combinations(modern, 2)}
    closest = min(counts, key=counts.__getitem__)
    n_least, n_most = counts[closest], max(counts.values())
    n_gpt2 = min(changed_lines("GPT-2", name) for name in modern)
    return WORDS[language]["near"].format(*closest, n_least=n_least, n_most=n_most, n_gpt2=n_gpt2)


def learning(language: str):
    """Plot the losses on held-out stories, the mean of the seeds."""
    words, entry = WORDS[language], results("models/comparison")["results"]
    figure, axes = canvas(
        690, 350, title=words["learning"], description=words["learning_description"], plot=True
    )
    for name, (color, style) in CURVES.items():
        runs = entry["families"][name]["runs"]
        steps = [step for step, _ in runs[0]["validation"]]
        curves = [[loss for _, loss in run["validation"]] for run in runs]
        mean = [statistics.mean(values) for values in zip(*curves, strict=True)]
        axes.plot(steps, mean, style, label=name, color=color)
    axes.axhline(entry["floor"], color=MUTED, linestyle=":")
    axes.text(0, entry["floor"] * 1.06, words["floor"], fontsize=10, color=MUTED)
    axes.set(xlabel=words["step"], ylabel=words["loss"], yscale="log")
    ticks = (0.1, 0.2, 0.5, 1, 2)
    axes.set_yticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.6))
    return figure


def losses(language: str) -> str:
    """Table where each family stands at the end, the lowest loss first."""
    words, entry = WORDS[language], results("models/comparison")["results"]
    floor = entry["floor"]
    ends = {
        name: [run["loss"] for run in family["runs"]] for name, family in entry["families"].items()
    }
    rows = []
    for name in sorted(ends, key=lambda name: statistics.mean(ends[name])):
        both = ", ".join(f"{loss:.3f}" for loss in sorted(ends[name]))
        times = ", ".join(f"{loss / floor:.2f}" for loss in sorted(ends[name]))
        rows.append([name, f"{entry['families'][name]['parameters']:,}", both, times])
    head = [text.format(steps=entry["steps"]) for text in words["loss_head"]]
    return table(head, rows)


def verdict(language: str) -> str:
    """Say what the runs show; a run that shows something else needs another text."""
    entry = results("models/comparison")["results"]
    families, floor = entry["families"], entry["floor"]
    ends = {name: [run["loss"] for run in family["runs"]] for name, family in families.items()}
    mean = {name: statistics.mean(losses) for name, losses in ends.items()}
    spread = max(max(losses) - min(losses) for losses in ends.values())
    louder = {name: statistics.mean(losses) for name, losses in entry["louder"].items()}
    order = ["Qwen3", "Llama 3", "GPT-2"]
    first = min(mean, key=mean.__getitem__)
    norms_cost = mean["GLM-4-0414"] > mean["GLM-4"] + spread
    helps = all(louder[name] < mean[name] - spread for name in louder)
    if sorted(order, key=mean.__getitem__) != order or not norms_cost or not helps:
        raise ValueError("the page says something else about these families")
    numbers = {
        "steps": entry["steps"],
        "first": first,
        "lowest": f"{mean[first] / floor:.1f}",
        "highest": f"{max(mean.values()) / floor:.1f}",
        "last": max(mean, key=mean.__getitem__),
        "spread": f"{spread:.2f}",
        "gpt": f"{mean['GPT-2']:.2f}",
        "llama": f"{mean['Llama 3']:.2f}",
        "qwen": f"{mean['Qwen3']:.2f}",
        "moe": f"{mean['Qwen3 MoE']:.2f}",
        "gemma": f"{mean['Gemma 3']:.2f}",
        "olmo": f"{mean['OLMo 3']:.2f}",
        "glm": f"{mean['GLM-4']:.2f}",
        "louder_olmo": f"{louder['OLMo 3']:.2f}",
        "louder_glm": f"{louder['GLM-4-0414']:.2f}",
        "glm_new": f"{mean['GLM-4-0414']:.2f}",
    }
    return "\n\n".join(VERDICT[language]).format(**numbers)


FIGURES = {
    "verdict": verdict,
    "parts": parts, "sizes": sizes, "tree": tree, "side": side, "lines": lines, "near": near,
    "learning": learning, "losses": losses,
}  # fmt: skip
