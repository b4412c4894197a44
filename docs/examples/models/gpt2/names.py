import torch

from llm_book.models.causal_lm import published_name
from llm_book.models.gpt2 import GPT2, GPT2_124M, WEIGHT_NAMES

with torch.device("meta"):
    model = GPT2(GPT2_124M)
for name, parameter in model.named_parameters():
    if name.startswith(("embedding", "blocks.11.")) and name.endswith("weight"):
        published, transposed = published_name(name, WEIGHT_NAMES)
        print(f"{published:25}", *parameter.shape, "transposed" if transposed else "")
