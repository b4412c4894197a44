from types import SimpleNamespace

import torch
from torch import nn

from llm_book.models.causal_lm import CausalLM
from llm_book.nn.layer_norm import LayerNorm
from llm_book.nn.multi_head_attention import MultiHeadAttention


class Remembers(CausalLM):
    """Keeps its cache where it is used: a tempting mistake."""

    def __init__(self):
        super().__init__()
        self.config = SimpleNamespace(context_length=16)
        self.embedding = nn.Embedding(20, 8)
        self.blocks = nn.ModuleList([MultiHeadAttention(8, 2)])
        self.norm, self.head = LayerNorm(8), nn.Linear(8, 20)
        self.cache = self.make_cache(1, 16)

    def forward(self, tokens):
        return super().forward(tokens, self.cache)


torch.manual_seed(0)
model, tokens = Remembers(), torch.tensor([[3, 1, 4, 1, 5, 9]])
with torch.no_grad():
    first = model(tokens)
    print("again:", (model(tokens) - first).abs().max().numpy().round(2))
    try:
        model(tokens)
    except ValueError as error:
        print(error)
