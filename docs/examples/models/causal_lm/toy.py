from types import SimpleNamespace

import torch
from torch import nn

from llm_book.models.causal_lm import CausalLM

WORDS = ["cat", "sat", "mat"]


class MeanBlock(nn.Module):
    """Add to each token the mean of all tokens up to it."""

    def make_cache(self, batch_size, max_length, *, dtype, device):
        return SimpleNamespace(length=0, total=torch.zeros((), dtype=dtype, device=device))

    def forward(self, x, positions, cache=None):
        total = x.cumsum(1)  # (B, T, C)
        if cache is not None:
            total = total + cache.total
            cache.length, cache.total = cache.length + x.shape[1], total[:, -1:]
        return x + total / (positions + 1)[:, None]


class Toy(CausalLM):
    """Three words, two numbers for each, one block."""

    def __init__(self):
        super().__init__()
        self.config = SimpleNamespace(context_length=4)
        rows = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
        self.embedding = nn.Embedding.from_pretrained(rows, freeze=False)
        self.blocks = nn.ModuleList([MeanBlock()])
        self.norm = nn.Identity()
        self.head = nn.Linear(2, 3, bias=False)
        self.head.weight = self.embedding.weight


with torch.no_grad():
    model, tokens = Toy(), torch.tensor([[0, 1]])
    positions = torch.arange(2)
    x = model.embed(tokens, positions)
    print("tokens", tuple(tokens.shape), "stream", tuple(x.shape), x.tolist())
    print("block 1", model.blocks[0](x, positions).tolist())
    logits = model(tokens)
    print("logits", tuple(logits.shape), logits.tolist())
    print("next:", [WORDS[i] for i in logits.argmax(-1)[0]])

    cache = model.make_cache(1, 4)
    print("cat", model(tokens[:, :1], cache).tolist(), "length", cache[0].length)
    print("sat", model(tokens[:, 1:], cache).tolist(), "length", cache[0].length)
