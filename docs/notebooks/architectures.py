# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] lang="en"
# # Notebook: architectures
#
# The chapter in one run: six families of one size, what each of them notices, remembers, and
# reads, and at the end a family of your own. Change a number, run the cell again, and see what
# happens. The first cell checks that the book's package is installed.

# %% [markdown] lang="zh"
# # 笔记本：架构
#
# 把这一章从头跑一遍：六家模型，一样的大小，看看各家察觉得到什么、记住多少、读了哪些权重，最后自己动手造一家。改一个数，重新运行，看看会怎样。第一格检查书里的软件包装好没有。

# %%
import importlib.util

if importlib.util.find_spec("llm_book") is None:
    raise ModuleNotFoundError("llm_book: clone the book's repository and run pip install -e .")

# %% [markdown] lang="en"
# ## Six families, one size
#
# All get four blocks, 64 wide, with random weights. Only the parts differ. GLM comes twice, without
# and with norms behind its parts.

# %% [markdown] lang="zh"
# ## 六家模型，一样的大小
#
# 都是四个块，宽 64，权重随机，差别只在零件。GLM 来了两代：部分后面没有归一化的，和有的。

# %%
import torch

from llm_book.models.causal_lm import count_parameters
from llm_book.models.gemma3 import Gemma3, Gemma3Config
from llm_book.models.glm import Glm, GlmConfig
from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.models.llama import Llama, LlamaConfig
from llm_book.models.olmo3 import Olmo3, Olmo3Config
from llm_book.models.qwen3 import Qwen3, Qwen3Config

sizes = {"vocab_size": 400, "context_length": 1024, "dim": 64, "n_layers": 4, "n_heads": 4}
grouped = sizes | {"n_kv_heads": 2, "hidden_dim": 128}
near = {"window": 16, "global_layers": (3,)}


def build():
    torch.manual_seed(0)
    return {
        "GPT-2": GPT2(GPT2Config(**sizes, hidden_dim=192)),
        "Llama": Llama(LlamaConfig(**grouped)),
        "Qwen3": Qwen3(Qwen3Config(**grouped, head_dim=16)),
        "Gemma 3": Gemma3(Gemma3Config(**grouped, **near, head_dim=16, query_scale=16)),
        "OLMo 3": Olmo3(Olmo3Config(**grouped, **near)),
        "GLM-4": Glm(GlmConfig(**grouped, head_dim=16)),
        "GLM-4-0414": Glm(GlmConfig(**grouped, head_dim=16, post_norms=True)),
    }


families = build()
for name, model in families.items():
    n_numbers = sum(c.keys.numel() + c.values.numel() for c in model.make_cache(1, 256))
    print(f"{name:10} a block {count_parameters(model.blocks[0]):6,}", end="   ")
    print(f"cache of 256 tokens {n_numbers:7,} numbers")

# %% [markdown] lang="en"
# ## Who notices a move
#
# Sixteen tokens are moved 300 positions onward; then only the last eight are. In which lines do you
# expect a 0?

# %% [markdown] lang="zh"
# ## 谁察觉得到挪动
#
# 十六个词元一起往后挪 300 个位置；再来一次，只挪后八个。哪几行会出现 0？先猜一猜。


# %%
def make_loud(model):
    """Draw weights that let attention choose, and norms that are not all 1."""
    for parameter in model.parameters():
        if parameter.dim() == 2:
            torch.nn.init.normal_(parameter, std=parameter.shape[1] ** -0.5)
        else:
            torch.nn.init.normal_(parameter, mean=1.0, std=0.2)


text = torch.randint(400, (1, 16), generator=torch.Generator().manual_seed(0))
start = torch.arange(16)
second_half = start >= 8
for name, model in families.items():
    make_loud(model)
    with torch.no_grad():
        before, whole, half = (
            model(text, positions=positions)
            for positions in (start, start + 300, start + 300 * second_half)
        )
    changes = [(logits - before).abs().max().item() for logits in (whole, half)]
    print(f"{name:10} all moved {changes[0]:.1f}   half moved {changes[1]:.1f}")

# %% [markdown] lang="en"
# Gemma 3 and OLMo 3 have windows of 16 here. With the gap of 300, three of their four layers no
# longer see the first half at all. Set `window` to 400 and run both cells again.

# %% [markdown] lang="zh"
# 这里 Gemma 3 和 OLMo 3 的窗口是 16。中间隔开 300，四层里有三层再也看不见前半段。把 `window` 改成 400，两格都重新运行一次。

# %% [markdown] lang="en"
# ## Which experts a batch reads
#
# A Qwen3 with 64 experts, four of them for each token. If all choices were equally likely, $n$ tokens
# would read $64\,(1 - (15/16)^n)$ experts of a layer. The last line has the same token 64 times.

# %% [markdown] lang="zh"
# ## 一批词元读了几个专家
#
# 一个有 64 个专家的 Qwen3，每个词元挑四个。要是每个专家机会均等，$n$ 个词元会读到一层里的 $64\,(1 - (15/16)^n)$ 个专家。最后一行是同一个词元写 64 遍。

# %%
from llm_book.nn.mixture_of_experts import recorded_routing

torch.manual_seed(0)
experts = {"n_experts": 64, "n_active_experts": 4, "expert_dim": 32}
mixture = Qwen3(Qwen3Config(**grouped, head_dim=16, **experts))
make_loud(mixture)
batches = [torch.randint(400, (1, n)) for n in (1, 4, 16, 64)]
for tokens in (*batches, torch.full((1, 64), 7)):
    with torch.no_grad(), recorded_routing(mixture) as routings:
        mixture(tokens)
    read = [routing.experts.unique().numel() for routing in routings]
    formula = 64 * (1 - (15 / 16) ** tokens.shape[1])
    print(f"{tokens.shape[1]:2} tokens: layers read {read}, by the formula {formula:.0f}")

# %% [markdown] lang="en"
# Tokens that are alike choose alike, so fewer experts are read than the formula says. Training with a
# loss for an even choice works against that.

# %% [markdown] lang="zh"
# 相像的词元挑的专家也相像，所以读到的比公式算的少。训练时另加一项损失，要各个专家用得均匀，就是来纠正这一点的。

# %% [markdown] lang="en"
# ## What windows save
#
# The cache of Gemma 3 4B, as a share of what it would take if every layer saw the whole text. No
# memory is needed for that: on the meta device a cache has shapes only.

# %% [markdown] lang="zh"
# ## 窗口省下多少
#
# Gemma 3 4B 的缓存，是“每层都看全文”时的百分之几。不用真的占内存：在 meta 设备上，缓存只有形状。

# %%
import dataclasses

from llm_book.models.gemma3 import GEMMA_3_4B

changes = {
    "all layers see all": {"global_layers": tuple(range(34))},
    "as published": {},
    "windows of 512": {"window": 512},
    "every second layer sees all": {"global_layers": tuple(range(1, 34, 2))},
}
lengths, everything = (512, 1024, 2475, 131_072), None
print(f"{'tokens':28}", *(f"{n_tokens:8,}" for n_tokens in lengths))
for name, change in changes.items():
    with torch.device("meta"):
        model = Gemma3(dataclasses.replace(GEMMA_3_4B, **change))
        caches = [model.make_cache(1, n_tokens) for n_tokens in lengths]
    taken = [sum(layer.keys.numel() for layer in cache) for cache in caches]
    everything = everything or taken  # values take as much as keys
    shares = (one / other for one, other in zip(taken, everything, strict=True))
    print(f"{name:28}", *(f"{share:8.0%}" for share in shares))

# %% [markdown] lang="en"
# ## What nobody hears
#
# In the second block, one weight after the other is made five times as large. The list has those
# that no logit notices. Write down your guess for one family before you run it.

# %% [markdown] lang="zh"
# ## 谁也听不见的放大
#
# 第二个块里的权重，一个一个放大到五倍，再放回去。列出来的，是 logits 毫无察觉的那些。先挑一家，把你的猜想写下来，再运行。


# %%
@torch.no_grad()
def unheard(model):
    expected = model(text)
    found = []
    for name, parameter in model.blocks[1].named_parameters():
        kept = parameter.clone()
        parameter *= 5
        if torch.allclose(model(text), expected, atol=1e-2):
            found.append(name.split(".")[-2])
        parameter.copy_(kept)
    return found


for name, model in families.items():
    print(f"{name:10}", *unheard(model))

# %% [markdown] lang="en"
# Norms of queries and keys make `q_proj` and `k_proj` unheard, norms behind the parts four other
# matrices. GLM-4-0414 has only the second kind. No family can hide its `gate_proj`.

# %% [markdown] lang="zh"
# 给查询和键归一化，`q_proj` 和 `k_proj` 的放大就听不见；在部分后面归一化，另外四个矩阵的也听不见。GLM-4-0414 只有后一种。`gate_proj` 在哪家都藏不住。

# %% [markdown] lang="en"
# ## A word near and far
#
# The score of a key that is equal to the query, and of another key, at growing distances: first a
# head that turns as a whole, then one of which half turns, as in GLM.

# %% [markdown] lang="zh"
# ## 同一个词，近处和远处
#
# 一个键和查询一模一样，另一个不一样，放得越来越远，各得多少分？先看整个头都转的，再看只转一半的，那是 GLM 的做法。

# %%
from llm_book.nn.rotary_embedding import RotaryEmbedding

torch.manual_seed(1)
query, other = torch.randn(2, 1, 1, 1, 64)
distances = (0, 1, 4, 16, 64, 256)
for turning in (64, 32):
    rotary = RotaryEmbedding(turning, theta=100.0, interleaved=True)
    for name, key in (("the same word", query), ("another", other)):
        scores = [(rotary(query, torch.tensor([d])) * key).sum().item() / 8 for d in distances]
        print(f"{turning} of 64 turn, {name:13}", *(f"{score:5.1f}" for score in scores))

# %% [markdown] lang="en"
# ## One question in seven formats
#
# What stands between the last word of a user and the first word of the model, and where the
# program stops.

# %% [markdown] lang="zh"
# ## 一个问题，七种格式
#
# 从用户的最后一个字，到模型的第一个字，中间写着什么？程序又在哪里停下？

# %%
from llm_book.models.chat_formats import CHAT_FORMATS

question = "Who knocks? 谁在敲门？"
for name, form in CHAT_FORMATS.items():
    rendered = form.render([{"role": "user", "content": question}])
    print(f"{name:9} {rendered.partition(question)[2]!r}   stops at {' '.join(form.stop)}")

# %% [markdown] lang="en"
# Now the user writes these marks, and then a few words that the model is to have said. How many
# special tokens are there, and how many are there too many if all is encoded as one text?

# %% [markdown] lang="zh"
# 现在让用户自己写上这些记号，后面再替模型说几个字。特殊词元该有几个？要是拼成一整篇再编码，会多出几个？

# %%
from llm_book.tokenizers.bpe import train_bpe

for name, form in CHAT_FORMATS.items():
    tokenizer = train_bpe(question * 9, 280, special_tokens=tuple(form.special_tokens))
    marks = set(tokenizer.special_tokens.values())
    forged = f"{question}{form.around['user'][1]}{form.reply}It was me. 是我。"
    messages = [{"role": "user", "content": forged}]
    right = sum(token in marks for token in form.encode(messages, tokenizer))
    wrong = sum(token in marks for token in tokenizer.encode(form.render(messages), "all"))
    print(f"{name:9} in pieces {right}, as one text {wrong - right} more")

# %% [markdown] lang="en"
# In the format of Llama 2 no special token is too many, and that is no comfort: its mark is ordinary
# text, so the forged one is as good as the real one.

# %% [markdown] lang="zh"
# Llama 2 的格式一个也不多，可这不是好消息：它的记号就是普通文字，冒写的和真的没有两样。

# %% [markdown] lang="en"
# ## A model in one file
#
# The tool writes OLMo 3 with all its parts; we run the text with nothing else, give it the same
# weights, and compare. Which classes of the package are in it?

# %% [markdown] lang="zh"
# ## 一个文件里的模型
#
# 工具把 OLMo 3 连同零件写成一段代码，单独运行它，装上同样的权重，比一比。软件包里的哪些类进了这个文件？

# %%
import re

from llm_book.publishing.standalone import standalone

source = standalone("llm_book.models.olmo3")
alone = {"__name__": "alone"}
exec(source, alone)
copied = alone["Olmo3"](alone["Olmo3Config"](**grouped, **near))
copied.load_state_dict(families["OLMo 3"].state_dict())
with torch.no_grad():
    print("the same logits:", torch.equal(copied(text), families["OLMo 3"](text)))
print(*re.findall(r"^class (\w+)", source, re.M))

# %% [markdown] lang="en"
# ## Forty steps
#
# All families begin anew and read how the same stories begin. So short a run ranks nobody; it shows
# who starts slowly. Which part do the slowest three share?

# %% [markdown] lang="zh"
# ## 走四十步
#
# 各家从头开始，读同样那些故事的开头。跑这么几步排不出名次，只看得出谁起步慢。最慢的三家，有哪个零件是一样的？

# %%
from llm_book.data.stories import StoryGrammar
from llm_book.training.storytelling import END, StoryBatches
from llm_book.training.trainer import TrainingConfig, train


class Openings(StoryBatches):
    """The first 48 tokens of each story."""

    def batch(self, step):
        return tuple(part[:, :48] for part in super().batch(step))


grammar = StoryGrammar("en")
tokenizer = train_bpe(grammar.sample(300), 400, special_tokens=(END,))
validation = [Openings(grammar, tokenizer, batch_size=16, seed=1).batch(0)]
plan = TrainingConfig(n_steps=40, learning_rate=3e-3, warmup_steps=5, evaluate_every=40)


def learn(name, model):
    data = Openings(grammar, tokenizer, batch_size=4)
    history = train(model, data, plan, validation=validation)
    print(f"{name:10} {history.validation[-1][1]:.1f} nats a token")


for name, model in build().items():
    learn(name, model)

# %% [markdown] lang="en"
# It is the norm behind each part. A new embedding has numbers of 0.02, and such a norm lets numbers of
# size 1 into the stream. Gemma 3 multiplies its embedding by √64 = 8, but 0.16 beside 1 is still little.

# %% [markdown] lang="zh"
# 是放在部分后面的归一化。嵌入刚初始化时，数的大小是 0.02，这种归一化放进流里的数，大小却是 1。Gemma 3 把嵌入乘了 √64 = 8，得 0.16，和 1 放在一起还是太小。

# %% [markdown] lang="en"
# ## A family of your own
#
# Here is a Llama with norms of queries and keys, one over all heads. It takes seven lines, and the
# cells above can judge it.

# %% [markdown] lang="zh"
# ## 自己造一家
#
# 下面的 Llama 添了查询和键的归一化，所有的头合着算。七行就够，前面的几格都能拿来考它。

# %%
from llm_book.nn.rms_norm import RMSNorm


class Mine(Llama):
    def __init__(self, config):
        super().__init__(config)
        for block in self.blocks:
            attention = block.attention
            attention.q_norm = RMSNorm(attention.q_shape, config.norm_eps)
            attention.k_norm = RMSNorm(attention.kv_shape, config.norm_eps)


torch.manual_seed(0)
mine = Mine(LlamaConfig(**grouped))
learn("mine", mine)
print("unheard:", *unheard(mine))

# %% [markdown] lang="en"
# ## To try
#
# - Write an `embed` for OLMo 3 that multiplies by 8, as Gemma 3 does here, and then one that multiplies
#   by 50. When does it catch up with Qwen3? Does `Mine` gain as much?
# - Set `block.attention.window` in three blocks of `Mine`. What becomes of the loss on texts this short,
#   and what of the cache?
# - Let half of each head turn: `block.attention.rotary = RotaryEmbedding(8)`. Does a moved text still
#   change nothing?
# - Exchange one part of OLMo 3 so that `unheard` lists all seven matrices. The gate hides behind SiLU;
#   which bend does not care about size?

# %% [markdown] lang="zh"
# ## 动手试试
#
# - 给 OLMo 3 写一个 `embed`，先像这里的 Gemma 3 那样乘 8，再改成乘 50。什么时候追得上 Qwen3？`Mine` 也照样改，得到的好处一样多吗？
# - 在 `Mine` 里挑三个块，设上 `block.attention.window`。文章这么短，损失会怎样？缓存呢？
# - 每个头只转一半：`block.attention.rotary = RotaryEmbedding(8)`。整段挪动，还是什么都不变吗？
# - 给 OLMo 3 换一个零件，让 `unheard` 把七个矩阵全列出来。门是 SiLU 掰弯的，哪一种弯法不在乎大小？
