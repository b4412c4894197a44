# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] lang="en"
# # Notebook: a GPT
#
# The chapter in one run: the parts, the model, what it costs, and how it writes. Change a number,
# run the cell again, and see what happens. The first cell checks that the book's package is
# installed.

# %% [markdown] lang="zh"
# # 笔记本：GPT
#
# 把这一章从头跑一遍：零件、模型、代价，还有怎样往下写。改一个数，重新运行，看看会怎样。第一格检查书里的软件包装好没有。

# %%
import importlib.util

if importlib.util.find_spec("llm_book") is None:
    raise ModuleNotFoundError("llm_book: clone the book's repository and run pip install -e .")

# %% [markdown] lang="en"
# ## Sixty layers
#
# Random matrices, one after the other, at two sizes of weight: without normalization and with it.
# Look for a size at which the first column stays near 1.

# %% [markdown] lang="zh"
# ## 六十层
#
# 随机矩阵一个接一个地乘，权重取两种大小，先不归一化，再归一化。找找看，权重多大的时候，第一列能留在 1 附近。

# %%
import torch

from llm_book.nn.layer_norm import LayerNorm

norm = LayerNorm(32)
for size in (0.12, 0.24):
    torch.manual_seed(0)
    plain = normalized = torch.randn(1, 32)
    with torch.no_grad():
        for _ in range(60):
            matrix = size * torch.randn(32, 32)
            plain, normalized = plain @ matrix, norm(normalized) @ matrix
    print(f"{size}: {plain.std():.1e} {normalized.std():.1e}")

# %% [markdown] lang="en"
# ## The bend
#
# $\operatorname{GELU}(x) = x\,\Phi(x)$. The sum of GELU at $x$ and $-x$ is a rounded absolute value,
# and that of ReLU one with a corner.

# %% [markdown] lang="zh"
# ## 弯一下
#
# $\operatorname{GELU}(x) = x\,\Phi(x)$。在 $x$ 和 $-x$ 两处的 GELU 加起来，是磨圆了的绝对值；换成 ReLU，就带尖角。

# %%
from llm_book.nn.feed_forward import gelu

for value in (-3.0, -1.0, 0.0, 1.0, 3.0):
    x = torch.tensor([value, -value])
    print(f"{value:4}: {gelu(x).sum():.4f} {x.relu().sum():.4f}")

# %% [markdown] lang="en"
# ## Four sizes of GPT-2
#
# On PyTorch's meta device a tensor has a shape and no memory, so the largest model is built at
# once.

# %% [markdown] lang="zh"
# ## GPT-2 的四种大小
#
# 在 PyTorch 的 meta 设备上，张量只有形状，不占内存，最大的模型也一下就搭好了。

# %%
from llm_book.models.causal_lm import count_parameters
from llm_book.models.gpt2 import GPT2, GPT2_1_5B, GPT2_124M, GPT2_355M, GPT2_774M, GPT2Config

for config in (GPT2_124M, GPT2_355M, GPT2_774M, GPT2_1_5B):
    with torch.device("meta"):
        print(config.n_layers, "blocks:", f"{count_parameters(GPT2(config)):,}")

# %% [markdown] lang="en"
# ## The cheapest test
#
# A new model knows nothing, so its loss is near $\log V$. And a changed token changes no
# prediction before it: the last line prints how much each one moves.

# %% [markdown] lang="zh"
# ## 最便宜的检查
#
# 新模型什么也不懂，损失就在 $\log V$ 附近。换掉一个词元，它前面的预测都不该变：最后一行打印每个预测变了多少。

# %%
import math

from torch.nn import functional as F

torch.manual_seed(0)
small = GPT2(GPT2Config(vocab_size=1000, context_length=16, dim=64, n_layers=2, n_heads=4))
tokens = torch.randint(1000, (8, 16))
with torch.no_grad():
    logits = small(tokens)
    loss = F.cross_entropy(logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())
    print(f"log V {math.log(1000):.2f}, loss {loss:.2f}")
    changed = tokens.clone()
    changed[:, 10] = (changed[:, 10] + 1) % 1000
    moved = (small(changed) - logits).abs().amax((0, 2))
print([round(number, 3) for number in moved.tolist()])

# %% [markdown] lang="en"
# ## What a token costs
#
# The operations of one token, $2N + 4LHDS$, and the most tokens per second at a bandwidth of
# 40 GB/s, for GPT-2 124M in float32. Put in your machine's bandwidth.

# %% [markdown] lang="zh"
# ## 一个词元的代价
#
# GPT-2 124M，float32：一个词元要做多少次运算，也就是 $2N + 4LHDS$；带宽 40 GB/s 时，每秒最多写几个词元。换成你机器的带宽试试。

# %%
from llm_book.analysis.cost import (
    attended_tokens,
    cache_bytes,
    decoding_limit,
    forward_flops,
    key_value_numbers,
)

n_weights = 12 * 12 * 768**2 + 768 * 50257
for context in (1, 1024):
    attended = attended_tokens(context, [None] * 12)
    numbers = key_value_numbers(n_kv_heads=12, head_dim=64)
    memory = cache_bytes(numbers=numbers, attended=attended, dtype="float32")
    flops = forward_flops(weights=n_weights, n_heads=12, head_dim=64, attended=attended)
    limit = decoding_limit(bandwidth=40e9, weight_bytes=4 * n_weights, cache_bytes=memory)
    print(f"context {context}: {flops:,} operations, at most {limit:.0f} tokens/s")

# %% [markdown] lang="en"
# ## Draws
#
# After *The fox found a*: eight tokens with known probabilities, drawn ten thousand times. Predict
# the last line.

# %% [markdown] lang="zh"
# ## 抽签
#
# *The fox found a* 后面有八个词元，概率已知，各抽一万次。最后一行会是什么，先猜一猜。

# %%
from llm_book.generation.sampling import sample

things = ["jar", "nest", "coin", "key", "pie", "map", "cloud", "Tuesday"]
counts = torch.tensor([40.0, 20, 10, 10, 8, 6, 4, 2])
for settings in ({}, {"temperature": 0.5}, {"top_p": 0.5}, {"top_k": 2, "top_p": 0.5}):
    generator = torch.Generator().manual_seed(0)
    drawn = sample(counts.log().expand(10_000, 8), **settings, generator=generator)
    shares = drawn.bincount(minlength=8) / 10_000
    kept = [
        f"{thing} {share:.2f}"
        for thing, share in zip(things, shares.tolist(), strict=True)
        if share
    ]
    print(settings, ", ".join(kept))

# %% [markdown] lang="en"
# ## Learn a few lines, and write
#
# A look ahead to the next chapter: a model with the 256 bytes as its vocabulary learns the openings
# of four stories by heart. It can do no more than repeat them, but the whole path is there.

# %% [markdown] lang="zh"
# ## 背下几行，再往下写
#
# 先偷看一眼下一章：词表就是 256 个字节，模型背下四个故事的开头。它只会照背，不过整条路已经通了。

# %%
from llm_book.data.stories import StoryGrammar

openings = [list(story.encode()[:48]) for story in StoryGrammar("en").sample(4, seed=0)]
data = torch.tensor(openings)
torch.manual_seed(0)
model = GPT2(GPT2Config(vocab_size=256, context_length=48, dim=64, n_layers=2, n_heads=4))
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
for step in range(61):
    logits = model(data[:, :-1])
    loss = F.cross_entropy(logits.flatten(0, 1), data[:, 1:].flatten())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 20 == 0:
        print(step, f"{loss.item():.1f}")

# %% [markdown] lang="en"
# ## Several prompts at once
#
# Prompts of unequal length are padded in front, and each continues as if alone. Without the cache,
# the same tokens come out.

# %% [markdown] lang="zh"
# ## 几段提示词一起写
#
# 提示词长短不一，就在前面填充，每一行都和单独写时一样。关掉缓存，写出来的词元也一样。

# %%
from llm_book.generation.generate import generate

prompts = [openings[0][:18], openings[1][:12]]
rows = generate(model, prompts, 28)
for prompt, row in zip(prompts, rows, strict=True):
    print(bytes(prompt).decode(), "|", bytes(row).decode(errors="replace"))
    print("as alone:", row == generate(model, [prompt], 28)[0])
print("without cache:", rows == generate(model, prompts, 28, use_cache=False))
