# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] lang="en"
# # Notebook: pretraining
#
# The chapter in one run: the loss, the optimizer, the schedule, a small model that learns to tell
# stories, a checkpoint, and a folder that others can read. Change a number, run the cell again,
# and see what happens. The first cell checks that the book's package is installed.

# %% [markdown] lang="zh"
# # 笔记本：预训练
#
# 把这一章从头跑一遍：损失、优化器、学习率、一个学讲故事的小模型、检查点，还有别人也读得懂的文件夹。改一个数，重新运行，看看会怎样。第一格检查书里的软件包装好没有。

# %%
import importlib.util

if importlib.util.find_spec("llm_book") is None:
    raise ModuleNotFoundError("llm_book: clone the book's repository and run pip install -e .")

# %% [markdown] lang="en"
# ## What a guess costs
#
# The right token got a probability of 1/8 in one place and of 1/2 in another; a third place is
# padding. The loss is the mean of the two logarithms, and as a perplexity it is 4, not 5.

# %% [markdown] lang="zh"
# ## 猜一次要付多少
#
# 正确的词元，一处得到 1/8 的概率，另一处得到 1/2，第三处是填充。损失是两个对数的平均，折成困惑度是 4，不是 5。

# %%
import torch

from llm_book.training.loss import IGNORED, next_token_loss, perplexity

probabilities = torch.tensor([[[1 / 8, 7 / 8], [1 / 2, 1 / 2], [0.9, 0.1]]])
targets = torch.tensor([[0, 0, IGNORED]])
loss = next_token_loss(probabilities.log(), targets)
print(f"loss {loss:.3f}, perplexity {perplexity(loss):.2f}")

# %% [markdown] lang="en"
# ## A step of its own for every weight
#
# Two weights, whose gradients differ by a factor of a million. Plain gradient descent moves them
# by a thousandth and by a thousand; AdamW moves both by the learning rate, as PyTorch's does.

# %% [markdown] lang="zh"
# ## 每个权重迈自己的步子
#
# 两个权重，梯度相差一百万倍。普通的梯度下降，一个走千分之一，一个走一千；AdamW 让两个都走一个学习率那么远，PyTorch 的也一样。

# %%
from llm_book.training.adamw import AdamW

for make in (AdamW, torch.optim.AdamW):
    weights = torch.zeros(2, requires_grad=True)
    optimizer = make([weights], lr=0.01, betas=(0.9, 0.95), weight_decay=0.0)
    (weights * torch.tensor([0.001, 1000.0])).sum().backward()
    optimizer.step()
    print(make.__module__, [round(weight, 4) for weight in weights.tolist()])

# %% [markdown] lang="en"
# ## Up, then down
#
# The learning rate is a function of the step. Change the number of warm-up steps, and look where
# the highest rate goes.

# %% [markdown] lang="zh"
# ## 先上后下
#
# 学习率是步数的函数。改一改预热的步数，看最高点去了哪里。

# %%
from llm_book.training.schedule import warmup_cosine

for step in range(0, 101, 10):
    rate = warmup_cosine(step, peak=3e-3, warmup_steps=20, total_steps=100)
    print(f"{step:3} {rate:.5f} {'#' * round(rate * 10_000)}")

# %% [markdown] lang="en"
# ## Learn to tell stories
#
# A model with two layers, fresh stories in every batch, and the loss that no model can beat. After
# so few steps it is still far from it.

# %% [markdown] lang="zh"
# ## 学着讲故事
#
# 两层的模型，每一批都是新的故事，还有一条谁也越不过的下限。步数这么少，离下限还远。

# %%
from llm_book.data.stories import StoryGrammar
from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.tokenizers.bpe import train_bpe
from llm_book.training.storytelling import END, StoryBatches, story_batch
from llm_book.training.trainer import TrainingConfig, count_targets, make_optimizer, train

grammar = StoryGrammar("en")
tokenizer = train_bpe(grammar.sample(300), 500, special_tokens=(END,))
config = GPT2Config(
    vocab_size=tokenizer.vocab_size, context_length=1024, dim=48, n_layers=2, n_heads=2
)
torch.manual_seed(0)
model = GPT2(config)
stories = grammar.sample(8, seed=1)
validation = [story_batch(stories, tokenizer)]
floor = -sum(map(grammar.log_prob, stories)) / count_targets(validation[0][1])
plan = TrainingConfig(n_steps=40, learning_rate=3e-3, warmup_steps=5, evaluate_every=10)
data = StoryBatches(grammar, tokenizer, batch_size=4)
optimizer = make_optimizer(model, plan)
history = train(model, data, plan, optimizer=optimizer, validation=validation)
for step, loss in history.validation:
    print(f"step {step:2}: {loss:.1f} nats a token")
print(f"the floor: {floor:.2f}")

# %% [markdown] lang="en"
# ## Stop and go on
#
# Twenty steps, a checkpoint, and another process that takes the other twenty: the same weights, to
# the last bit, as from the run above that never stopped.

# %% [markdown] lang="zh"
# ## 停下，再接着走
#
# 走二十步，存检查点，换一个进程再走二十步：权重和上面一口气走完的完全一样，一位也不差。

# %%
import tempfile

from llm_book.training.checkpoint import load_checkpoint, save_checkpoint


class PowerCutError(Exception):
    """Stops the run as a power cut would."""


def stop_at_20(history):
    if history.step == 20:
        save_checkpoint(folder, first, first_optimizer, history)
        raise PowerCutError


with tempfile.TemporaryDirectory() as folder:
    torch.manual_seed(0)
    first = GPT2(config)
    first_optimizer = make_optimizer(first, plan)
    try:
        train(first, data, plan, optimizer=first_optimizer, on_step=stop_at_20)
    except PowerCutError:
        print("stopped")
    second = GPT2(config)
    second_optimizer = make_optimizer(second, plan)
    resumed = load_checkpoint(folder, second, second_optimizer)
    train(second, data, plan, optimizer=second_optimizer, history=resumed)
pairs = zip(model.parameters(), second.parameters(), strict=True)
print("the same weights:", all(torch.equal(one, other) for one, other in pairs))

# %% [markdown] lang="en"
# ## A folder that others can read
#
# config.json, weights without the tied head, a tokenizer. What comes back gives the same logits.

# %% [markdown] lang="zh"
# ## 别人也读得懂的文件夹
#
# 里面有 config.json、不含绑定输出层的权重，还有分词器。读回来的模型，logits 分毫不差。

# %%
from pathlib import Path

from llm_book.pretrained.export import save_pretrained
from llm_book.pretrained.load import from_pretrained

with tempfile.TemporaryDirectory() as folder:
    saved = save_pretrained(model, Path(folder) / "storyteller", tokenizer)
    print(sorted(file.name for file in saved.iterdir()))
    again = from_pretrained(saved)
tokens = validation[0][0]
with torch.no_grad():
    print("the same logits:", torch.equal(again(tokens), model.eval()(tokens)))
