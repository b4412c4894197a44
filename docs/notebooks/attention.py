# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] lang="en"
# # Notebook: attention
#
# The chapter in one run, from one row of weights to twelve heads with a cache. Change a number, run
# the cell again, and see what happens. The first cell checks that the book's package is installed.

# %% [markdown] lang="zh"
# # 笔记本：注意力
#
# 把这一章从头跑一遍：从一行权重，到带缓存的十二个头。改一个数，重新运行，看看会怎样。第一格检查书里的软件包装好没有。

# %%
import importlib.util

if importlib.util.find_spec("llm_book") is None:
    raise ModuleNotFoundError("llm_book: clone the book's repository and run pip install -e .")

# %% [markdown] lang="en"
# ## One row
#
# Each word has three numbers, written by hand: does it move, has it fur, is it an action? The
# weights are $w_{ij} = \operatorname{softmax}_j (x_i \cdot x_j)$, here without the scale. Give
# *it* other numbers, and see where it looks.

# %% [markdown] lang="zh"
# ## 一行权重
#
# 每个词三个数，手写的：会不会动，有没有毛，是不是动作。权重是
# $w_{ij} = \operatorname{softmax}_j (x_i \cdot x_j)$，这里先不缩放。换掉 *it* 的数，看它改看哪里。

# %%
import torch

words = ["The", "fox", "found", "jam", "it", "grinned"]
x = torch.tensor([[0, 0, 0], [2, 2, 0], [0, 0, 1], [-1, -1, 0], [1, 0, 0], [1, 0, 1]]).float()
weights = (x @ x.mT).softmax(-1)
for word, share in zip(words, weights[words.index("it")].tolist(), strict=True):
    print(f"{word:8}{share:.2f}")

# %% [markdown] lang="en"
# ## Why the square root
#
# Scores of a head of width $D$ spread by $\sqrt D$. Print the largest of 16 weights, on average,
# without the scale and with it.

# %% [markdown] lang="zh"
# ## 为什么要除以根号
#
# 头宽 $D$，分数浮动的幅度就是 $\sqrt D$。下面打印 16 个权重里最大的那个，取平均，先不缩放，再缩放。

# %%
from llm_book.nn.self_attention import attention_weights

torch.manual_seed(0)
for width in (1, 16, 256, 1024):
    queries, keys = torch.randn(500, 1, width), torch.randn(500, 16, width)
    plain = (queries @ keys.mT).softmax(-1).amax(-1).mean().item()
    scaled = attention_weights(queries, keys).amax(-1).mean().item()
    print(f"D = {width:4}: {plain:.2f} {scaled:.2f}")

# %% [markdown] lang="en"
# ## Who may see whom
#
# A mask is made of positions. The second one is of a new token and five keys; the third has a
# window. Try positions below 0, which mean padding.

# %% [markdown] lang="zh"
# ## 谁能看谁
#
# 掩码是照位置算的。第二张只有一个新词元，键有五个；第三张有窗口。试试小于 0 的位置，那是填充。

# %%
from llm_book.nn.self_attention import causal_mask

four = torch.arange(4)
print(causal_mask(four, four).int())
print(causal_mask(torch.tensor([4]), torch.arange(5)).int())
print(causal_mask(four, four, window=2).int())

# %% [markdown] lang="en"
# ## The cache changes nothing
#
# Twelve tokens pass through a layer, once as a whole and once in pieces. However you cut, the
# results agree.

# %% [markdown] lang="zh"
# ## 有没有缓存都一样
#
# 十二个词元过一层注意力，一次是整段，一次切成几块。怎么切，结果都一样。

# %%
from llm_book.nn.multi_head_attention import MultiHeadAttention

layer = MultiHeadAttention(dim=768, n_heads=12).eval()
tokens, places = torch.randn(1, 12, 768), torch.arange(12)
with torch.inference_mode():
    whole = layer(tokens, places)
    for sizes in ([12], [1] * 12, [5, 1, 1, 3, 2]):
        cache = layer.make_cache(1, 12)
        parts = zip(tokens.split(sizes, 1), places.split(sizes), strict=True)
        pieces = torch.cat([layer(part, place, cache) for part, place in parts], 1)
        print(sizes, torch.allclose(pieces, whole, atol=1e-5))
print(cache.bytes_per_token, "bytes per token in this layer")

# %% [markdown] lang="en"
# ## What a token costs in a cache
#
# $2 \cdot L \cdot K \cdot D \cdot b$ bytes: layers, key-value heads, width of a head, bytes of a
# number. Put in a model of yours.

# %% [markdown] lang="zh"
# ## 缓存里一个词元多少钱
#
# 字节数是 $2 \cdot L \cdot K \cdot D \cdot b$，四个字母依次是层数、键值头数、头宽、每个数的字节数。换成你关心的模型试试。

# %%
for name, n_layers, n_heads, width, length in (
    ("GPT-2 124M", 12, 12, 64, 1024),
    ("Llama 2 7B", 32, 32, 128, 4096),
    ("Llama 3 8B", 32, 8, 128, 8192),
):
    token = 2 * n_layers * n_heads * width * 2
    print(f"{name}: {token:,} bytes a token, {token * length / 1e9:.2f} GB a row")

# %% [markdown] lang="en"
# ## Softmax, one score at a time
#
# Attention in tiles remembers the largest score $m$ and the sum of $e^{s - m}$ over the scores $s$
# that it has met. Whenever a larger score comes, the old sum shrinks.

# %% [markdown] lang="zh"
# ## 一个一个来的 softmax
#
# 分块算注意力，只记两样：见过的最大分数 $m$，和各个分数 $s$ 的 $e^{s - m}$ 之和。来了更大的，旧的和就缩一缩。

# %%
from llm_book.nn.attention_variants import Running

scores, values = torch.tensor([[1.0, 3.0, 5.0]]), torch.eye(3)
running = Running.start(torch.zeros(1, 3))
for j in range(3):
    running = running.take_in(scores[:, [j]], values[[j]])
    print(f"maximum {running.maximum.item():.0f}, total {running.total.item():.3f}")
for shares in (running.mixed / running.total, scores.softmax(-1)):
    print([round(share, 3) for share in shares[0].tolist()])

# %% [markdown] lang="en"
# ## One formula, many forms
#
# All variants borrow the weights of one layer, and differ from it by rounding only. The two that
# need a compiler are left out. To compare speed, put `time.perf_counter()` around the second call
# of each, on a machine that does nothing else.

# %% [markdown] lang="zh"
# ## 一个公式，几种写法
#
# 几种写法借的是同一层的权重，和它只差舍入。要用编译器的两种略去。想比快慢，就在每种第二次调用的前后各看一次
# `time.perf_counter()`，那时机器别干别的活。

# %%
from llm_book.nn.attention_variants import VARIANTS

x = torch.randn(1, 300, 768)
with torch.inference_mode():
    expected = layer(x, torch.arange(300))
    for name, variant in VARIANTS.items():
        if name not in ("FlexAttention", "compiled"):
            print(f"{name:30}", torch.allclose(variant(layer, x), expected, atol=1e-5))
