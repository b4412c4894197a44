import torch

from llm_book.models.causal_lm import count_parameters
from llm_book.models.gpt2 import GPT2, GPT2_124M

with torch.device("meta"):  # shapes without memory
    model = GPT2(GPT2_124M)
block = model.blocks[0]
for name, part in [
    ("embeddings", model.embedding),
    ("attention", block.attention),
    ("feed-forward", block.feed_forward),
    ("block", block),
    ("model", model),
]:
    print(f"{name:12} {count_parameters(part):11,}")
