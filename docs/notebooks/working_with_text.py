# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] lang="en"
# # Notebook: working with text
#
# The chapter in one run, from a sentence to vectors. Change a number, run the cell again, and see
# what happens. The first cell checks that the book's package is installed.

# %% [markdown] lang="zh"
# # 笔记本：处理文本
#
# 把这一章从头跑一遍：从一句话到一组向量。改一个数，重新运行，看看会怎样。第一格检查书里的软件包装好没有。

# %%
import importlib.util

if importlib.util.find_spec("llm_book") is None:
    raise ModuleNotFoundError("llm_book: clone the book's repository and run pip install -e .")

# %% [markdown] lang="en"
# ## Words break
#
# A vocabulary of words fails on the first word that it has not seen. Try words of your own.

# %% [markdown] lang="zh"
# ## 以词为词元行不通
#
# 以词做词表，遇到第一个没见过的词就会出错。换成你自己的词试试。

# %%
from llm_book.tokenizers.word_tokenizer import WordTokenizer

words = WordTokenizer("The fox naps. The fox isn't lost.", unknown_token="<|unk|>")
print(words.decode(words.encode("The foxes nap.")))

# %% [markdown] lang="en"
# ## Bytes and merges never break
#
# A tokenizer with $n$ merges has $V = 256 + n$ tokens. The text is a few hundred stories of the
# built-in grammar; put in a text of yours.

# %% [markdown] lang="zh"
# ## 字节加合并不会出错
#
# 合并 $n$ 次，词表就有 $V = 256 + n$ 个词元。这里用书里自带的语法写几百个故事来训练，也可以换成你自己的文本。

# %%
from llm_book.data.stories import StoryGrammar
from llm_book.tokenizers.bpe import train_bpe

stories = {language: StoryGrammar(language).sample(300, seed=0) for language in ("en", "zh")}
tokenizer = train_bpe("\n".join(stories["en"] + stories["zh"]), vocab_size=2048)
for language in ("en", "zh"):
    text = stories[language][0]
    ids = tokenizer.encode(text)
    print(language, len(text), "characters", len(text.encode()), "bytes", len(ids), "tokens")

# %%
for word in (" lantern", " lighthouses", "灯笼", "狐狸", "🦊"):
    print(word, [tokenizer.decode_bytes([i]) for i in tokenizer.encode(word)])

# %% [markdown] lang="en"
# ## How well could anyone predict a story?
#
# Of a story from the grammar we know the true probability, and so the least loss that any model can
# reach.

# %% [markdown] lang="zh"
# ## 一个故事最多能猜对多少？
#
# 语法写出来的故事，真实的概率是知道的，所以任何模型的损失最低能到多少，也是知道的。

# %%
for language in ("en", "zh"):
    grammar = StoryGrammar(language)
    story = stories[language][0]
    per_character = -grammar.log_prob(story) / len(story)
    print(language, round(per_character, 4), round(grammar.entropy_per_character(), 4))

# %% [markdown] lang="en"
# ## Windows
#
# Each input has its target one place to the right. With the numbers from 0 on as tokens, you can
# see it.

# %% [markdown] lang="zh"
# ## 窗口
#
# 每个输入的目标都在右边一位。拿 0、1、2…… 当词元，一眼就能看出来。

# %%
import torch

from llm_book.data.token_windows import TokenWindows

windows = TokenWindows(torch.arange(1001), context_length=4, stride=4)
for i in (0, 1, len(windows) - 1):
    print(windows[i])

# %% [markdown] lang="en"
# ## Vectors
#
# An id selects a row of a table, and so does its position. Their sum is what the model sees.

# %% [markdown] lang="zh"
# ## 向量
#
# 编号从表里选出一行，位置也选出一行，两行相加，就是模型看到的东西。

# %%
from llm_book.nn.embedding import TokenPositionEmbedding

torch.manual_seed(0)
embedding = TokenPositionEmbedding(tokenizer.vocab_size, context_length=16, dim=8)
tokens = torch.tensor([tokenizer.encode("The fox naps.")])
embedding(tokens, torch.arange(tokens.shape[1])).shape
