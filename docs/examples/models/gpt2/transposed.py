import torch

from llm_book.models.gpt2 import GPT2Block, GPT2Config

torch.manual_seed(0)
attention = GPT2Block(GPT2Config(dim=32, n_layers=1, n_heads=2)).attention
with torch.no_grad():
    for layer in (attention.o_proj, attention.qkv_proj):
        published = layer.weight.t().clone()  # as in the file: (in, out)
        try:
            layer.weight.copy_(published)
            print(tuple(published.shape), "loaded without a word")
        except RuntimeError as error:
            print(tuple(published.shape), str(error)[:65])
