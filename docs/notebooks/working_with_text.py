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
# Change a number, run the cell again, and see what happens.

# %% [markdown] lang="zh"
# # 笔记本：处理文本
#
# 改一个数，重新运行，看看会怎样。

# %% [markdown] lang="en"
# ## A tokenizer of your own
#
# Train it on a text of yours. The vocabulary has $V = 256 + n$ tokens after $n$ merges.

# %% [markdown] lang="zh"
# ## 自己训练一个分词器
#
# 换成你自己的文本试试。合并 $n$ 次之后，词表有 $V = 256 + n$ 个词元。

# %%
from llm_book.tokenizers.bpe import train_bpe

text = "fox foxes, a fox, two foxes; 狐狸，小狐狸，老狐狸。"
tokenizer = train_bpe(text, vocab_size=256 + 11)
tokenizer.merges

# %% [markdown] lang="en"
# ## What becomes of a new word
#
# Every text can be encoded; the ones like the training text are shorter.

# %% [markdown] lang="zh"
# ## 生词会怎样
#
# 什么文本都能编码，和训练文本越像，编出来越短。

# %%
for word in ("foxes", "foxhole", "狐狸", "狼"):
    ids = tokenizer.encode(word)
    print(word, ids, [tokenizer.decode_bytes([i]) for i in ids])
