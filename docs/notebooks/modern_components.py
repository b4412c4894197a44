# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] lang="en"
# # Notebook: components of modern models
#
# The chapter in one run: each part alone, on numbers small enough to look at, and at the end all of
# them in one model that learns to tell stories. Change a number, run the cell again, and see what
# happens. The first cell checks that the book's package is installed.

# %% [markdown] lang="zh"
# # 笔记本：现代模型的部件
#
# 把这一章从头跑一遍：先一件一件看，数都小得能摊开来看；最后装成一个模型，学着讲故事。改一个数，重新运行，看看会怎样。第一格检查书里的软件包装好没有。

# %%
import importlib.util

if importlib.util.find_spec("llm_book") is None:
    raise ModuleNotFoundError("llm_book: clone the book's repository and run pip install -e .")

# %% [markdown] lang="en"
# ## One loud number
#
# Eight numbers are 1 or −1, and the first gets louder. All eight are divided by one size, so the
# quiet ones fade, and no number can come out above $\sqrt 8 \approx 2.83$. Let two of them be loud:
# where does the limit lie then?

# %% [markdown] lang="zh"
# ## 一个数扯开嗓门
#
# 八个数，不是 1 就是 −1，让头一个越来越响。八个数除以的是同一个大小，所以别的越来越轻，而谁也响不过 $\sqrt 8 \approx 2.83$。要是有两个一起喊，最响又是多少？

# %%
import torch

from llm_book.nn.rms_norm import RMSNorm

norm = RMSNorm(8)
for loud in (1, 4, 16, 64):
    token = torch.tensor([loud, 1, -1, 1, -1, 1, -1, 1.0])
    first, second, *_ = norm(token).tolist()
    print(f"{loud:2} among ones: {first:.2f} and {second:.2f}")

# %% [markdown] lang="en"
# ## What distance does to a score
#
# A key equal to its query: at distance 0 the score is as large as it can be, which we call 100. Each
# pair of features turns at its own speed, and the further apart the two stand, the less the pairs
# agree. Three ways: a base of 10,000, a base of 500,000, and the first one slowed by 8 everywhere.
# Which column tells neighbors apart worst, and why? Then move both to position 50,000.

# %% [markdown] lang="zh"
# ## 距离怎样改变分数
#
# 键和查询一模一样，挨在一处时分数最高，算作 100。各对特征转得快慢不同，隔得越远，越凑不到一起。下面三种：基数 10,000，基数 500,000，还有头一种，每一对都放慢 8
# 倍。哪一列最分不清相邻的两个词，为什么？再把两个词一起挪到位置 50,000 看看。

# %%
from llm_book.nn.rotary_embedding import RotaryEmbedding, linear_scaling

ways = {
    "base 10,000": RotaryEmbedding(128),
    "base 500,000": RotaryEmbedding(128, 500_000.0),
    "slowed by 8": RotaryEmbedding(128, scaling=linear_scaling(8)),
}
place, ones = 1000, torch.ones(1, 1, 1, 128)
print("distance", *ways)
for distance in (0, 1, 2, 8, 32, 128, 512):
    scores = []
    for name, rotary in ways.items():
        query = rotary(ones, torch.tensor([place + distance]))
        key = rotary(ones, torch.tensor([place]))
        scores.append(f"{100 * (query * key).mean().item():{len(name)}.0f}")
    print(f"{distance:8}", *scores)

# %% [markdown] lang="en"
# ## Learning to multiply
#
# Two networks with 144 weights each see pairs of numbers between −1 and 1, and learn the product.
# Then both get pairs from a square that is three times as wide. The error is the root mean square,
# as a share of the size of the right answers.

# %% [markdown] lang="zh"
# ## 学乘法
#
# 两个网络，各 144 个权重，看 −1 到 1 之间的两个数，学它们的乘积。学完，再考三倍宽的范围。误差取均方根，写成正确答案大小的百分之几。

# %%
from llm_book.nn.feed_forward import FeedForward
from llm_book.nn.gated_feed_forward import GatedFeedForward


def pairs(width, generator):
    """Return 256 pairs of numbers between -width and width."""
    return width * (2 * torch.rand(256, 2, generator=generator) - 1)


def wrong(network, x):
    """Return the error as a share of the size of the products."""
    products = x.prod(-1)
    return ((network(x)[:, 0] - products).norm() / products.norm()).item()


for name in ("plain", "gated"):
    torch.manual_seed(0)
    network = FeedForward(2, 36, bias=False) if name == "plain" else GatedFeedForward(2, 24)
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.02, weight_decay=0.0)
    generator = torch.Generator().manual_seed(1)
    for _ in range(400):
        x = pairs(1, generator)
        loss = (network(x)[:, 0] - x.prod(-1)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    shares = [wrong(network, pairs(width, generator)) for width in (1, 3)]
    print(name, *(f"{share:7.1%}" for share in shares))

# %% [markdown] lang="en"
# ## Fewer keys and values, in pieces
#
# Sixteen query heads and four choices of key-value heads. In each case, a text of ten tokens comes
# as a whole, and once more through a cache in pieces. What changes from line to line, and what must
# not? Cut the text in another way.

# %% [markdown] lang="zh"
# ## 键和值少几份，文本分几段
#
# 十六个查询头，键值头取四种个数。每一种，十个词元先一口气送进去，再切成几段走缓存。一行一行往下看，什么在变，什么不许变？换一种切法试试。

# %%
from llm_book.models.causal_lm import count_parameters
from llm_book.nn.grouped_query_attention import GroupedQueryAttention

torch.manual_seed(0)
x, positions, sizes = torch.randn(1, 10, 64), torch.arange(10), [4, 1, 3, 2]
for n_kv_heads in (16, 4, 2, 1):
    layer = GroupedQueryAttention(64, 16, n_kv_heads, rotary=RotaryEmbedding(4))
    cache = layer.make_cache(1, 10)
    with torch.inference_mode():
        parts = zip(x.split(sizes, 1), positions.split(sizes), strict=True)
        pieces = torch.cat([layer(part, where, cache) for part, where in parts], 1)
        same = torch.allclose(pieces, layer(x, positions), atol=1e-5)
    print(
        f"K = {n_kv_heads:2}: {count_parameters(layer):6,} parameters,"
        f" {cache.bytes_per_token:3} bytes a token, same {same}"
    )

# %% [markdown] lang="en"
# ## How far the last token looks
#
# A sign for each of 24 tokens, `#` where the last one depends on it. Three layers with a window of 4;
# then the same with one of them seeing everything; then a window of 8. Does it matter which of the
# three layers is the one without a window? Predict, then move the `None`.

# %% [markdown] lang="zh"
# ## 最后一个词元看得到多远
#
# 24 个词元，一个一格，最后那个词元受谁影响，谁那一格就画 `#`。先是三层，窗口都是 4；再让其中一层看全文；最后窗口改成 8。看全文的放在第几层，有没有关系？先猜，再挪动 `None`。

# %%
torch.manual_seed(0)
for stack in ([4, 4, 4], [4, None, 4], [8, 8, 8]):
    x, where = torch.randn(1, 24, 16, requires_grad=True), torch.arange(24)
    y = x
    for window in stack:
        y = y + GroupedQueryAttention(16, 4, 2, window=window)(y, where)
    (gradient,) = torch.autograd.grad(y[0, -1].sum(), x)
    signs = ("#" if touched else "." for touched in (gradient[0] != 0).any(-1).tolist())
    print("".join(signs), stack)

# %% [markdown] lang="en"
# ## Work for everybody
#
# All tokens have a part in common, which happens to please some of eight experts and not others.
# Nothing is learned here but balance: a hundred steps on the balancing loss alone. The list says how
# many of 512 choices each expert got. The loss is 2 when all is even, as two experts are active.
# When the loss says 2.0, is the work shared evenly?

# %% [markdown] lang="zh"
# ## 人人有活干
#
# 所有词元都有一部分相同，八个专家里，有的碰巧喜欢这一部分，有的不喜欢。这里什么也不学，只学均衡：单用均衡损失走一百步。列表写的是，512 次选择里每个专家分到几次。激活两个专家，完全均衡时损失是
# 2。损失写着 2.0，活儿就分匀了吗？

# %%
from llm_book.nn.mixture_of_experts import TopKRouter, load_balancing_loss

torch.manual_seed(0)
tokens = torch.randn(256, 16) + 2 * torch.randn(16)
router = TopKRouter(16, 8, 2)
optimizer = torch.optim.AdamW(router.parameters(), lr=0.02, weight_decay=0.0)
for step in range(101):
    _, experts, probabilities = router(tokens)
    loss = load_balancing_loss(probabilities, experts)
    if step % 25 == 0:
        counts = experts.flatten().bincount(minlength=8).tolist()
        print(f"step {step:3}: loss {loss.item():.2f}, {counts}")
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

# %% [markdown] lang="en"
# ## One model of all parts
#
# A block like those of today: norm, rotary positions, shared heads, a window in the first layer,
# gated experts. The frame of chapter 4 takes it as it is. `BLOCKS` holds the choices; each can be
# changed alone.

# %% [markdown] lang="zh"
# ## 装成一个模型
#
# 照今天的样子拼一个块：归一化、旋转位置、合用的键值头、头一层的窗口、带门的专家。第 4 章的骨架不用改，装得下这样的块。要选的都写在 `BLOCKS` 里，可以一样一样地换。

# %%
from types import SimpleNamespace

from torch import nn

from llm_book.models.causal_lm import CausalLM
from llm_book.nn.mixture_of_experts import MixtureOfExperts, recorded_routing

BLOCKS = [{"n_kv_heads": 1, "window": 16}, {"n_kv_heads": 1, "window": None}]
EXPERTS, ACTIVE, WIDTH = 8, 2, 32


class Block(nn.Module):
    """Normalize, attend, add; normalize, ask the experts, add."""

    def __init__(self, dim, rotary, n_kv_heads, window):
        super().__init__()
        self.attention_norm, self.feed_forward_norm = RMSNorm(dim), RMSNorm(dim)
        self.attention = GroupedQueryAttention(dim, 4, n_kv_heads, rotary=rotary, window=window)
        self.feed_forward = MixtureOfExperts(
            TopKRouter(dim, EXPERTS, ACTIVE),
            (GatedFeedForward(dim, WIDTH) for _ in range(EXPERTS)),
        )
        self.make_cache = self.attention.make_cache

    def forward(self, x, positions, cache=None):
        x = x + self.attention(self.attention_norm(x), positions, cache)
        return x + self.feed_forward(self.feed_forward_norm(x))


class Modern(CausalLM):
    """The frame of chapter 4 around such blocks."""

    def __init__(self, vocab_size, dim=64):
        super().__init__()
        self.config = SimpleNamespace(context_length=1024)
        rotary = RotaryEmbedding(dim // 4)  # one for all layers
        self.embedding = nn.Embedding(vocab_size, dim)
        self.blocks = nn.ModuleList(Block(dim, rotary, **choice) for choice in BLOCKS)
        self.norm = RMSNorm(dim)
        self.head = nn.Linear(dim, vocab_size, bias=False)
        self.head.weight = self.embedding.weight
        self.reset_parameters()


# %% [markdown] lang="en"
# It learns the first 64 tokens of stories in both languages, with a little of the balancing loss.

# %% [markdown] lang="zh"
# 让它学两种语言的故事，每个故事只取头 64 个词元，损失里加一点点均衡损失。

# %%
from llm_book.data.stories import StoryGrammar
from llm_book.tokenizers.bpe import train_bpe
from llm_book.training.loss import next_token_loss
from llm_book.training.storytelling import END, StoryBatches

grammars = {language: StoryGrammar(language) for language in ("en", "zh")}
samples = [story for grammar in grammars.values() for story in grammar.sample(150)]
tokenizer = train_bpe(samples, 500, special_tokens=(END,))
batches = [StoryBatches(grammar, tokenizer, batch_size=8) for grammar in grammars.values()]

torch.manual_seed(0)
model = Modern(tokenizer.vocab_size)
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
for step in range(100):
    total = 0.0
    for data in batches:
        inputs, targets = (part[:, :64] for part in data.batch(step))
        with recorded_routing(model) as routings:
            loss = next_token_loss(model(inputs), targets)
        balance = sum(load_balancing_loss(r.probabilities, r.experts) for r in routings)
        (loss / 2 + 0.01 * balance).backward()
        total += loss.item() / 2
    if step % 33 == 0:
        print(f"step {step:3}: {total:.1f} nats a token")
    optimizer.step()
    optimizer.zero_grad()

# %% [markdown] lang="en"
# How many of its weights does a token use? And does it still write with a cache what it would write
# without one, although the first layer keeps 16 tokens only? The bar shows where the model takes
# over; a `�` stands for bytes that make no character.

# %% [markdown] lang="zh"
# 一个词元用到多少权重？头一层只留 16 个词元，有缓存和没有缓存，写出来的还一样吗？竖线后面是模型自己写的；`�` 是几个凑不成字的字节。

# %%
import re

from llm_book.generation.generate import generate

idle = sum(count_parameters(block.feed_forward.experts) for block in model.blocks)
idle = idle * (EXPERTS - ACTIVE) // EXPERTS
print(f"{count_parameters(model):,} parameters, {count_parameters(model) - idle:,} of them active")
print("slots for 64 tokens:", [part.positions.shape[1] for part in model.make_cache(1, 64)])
for grammar in grammars.values():
    story = grammar.sample(1, seed=5)[0]
    start = re.match(".+?[,，]", story)[0]
    prompt = tokenizer.encode(start)
    written, again = (generate(model, [prompt], 40, use_cache=c)[0] for c in (True, False))
    print("the same without a cache:", written == again)
    print(start, "|", tokenizer.decode(written).replace("\n", " "))

# %% [markdown] lang="en"
# ## Something to try
#
# Predict first, then run.
#
# 1. Set both windows to 16. How many tokens back can the last layer know of at most? Which words at
#    the beginning of a story does that cost, and does the loss show it?
# 2. Set `ACTIVE` to 1. Which weights learn nothing from the stories any more, and what has to be
#    written into `TopKRouter(...)` so that they do?
# 3. Set `EXPERTS, ACTIVE, WIDTH` to 16, 4, and 16. Both numbers of parameters grow by the same amount.
#    By how much, and what grows?
# 4. Pass `rotary=None` in every block. The loss still falls. From what does the model learn the order
#    of words?

# %% [markdown] lang="zh"
# ## 试一试
#
# 先猜，再跑。
#
# 1. 两层的窗口都取 16。最后一层最多还能知道前面多少个词元？故事开头的哪些词会因此丢掉，损失看得出来吗？
# 2. `ACTIVE` 改成 1。哪些权重再也不能从故事里学到东西？`TopKRouter(...)` 里要加上什么，它们才又学得动？
# 3. `EXPERTS, ACTIVE, WIDTH` 改成 16、4、16。打印出来的两个参数个数，一个是全部，一个是用到的，多出来的一样多。多了多少，多在哪里？
# 4. 每个块都传 `rotary=None`，损失照样降。词的先后，模型是从哪里学来的？
