import math
from types import SimpleNamespace

import torch
from torch import nn

from llm_book.models.causal_lm import CausalLM
from llm_book.nn.layer_norm import LayerNorm
from llm_book.nn.multi_head_attention import MultiHeadAttention

V, C = 1000, 64
print("log V", round(math.log(V), 2))
for std in (1.0, 0.02):
    torch.manual_seed(0)
    model = CausalLM()
    model.config = SimpleNamespace(context_length=128)
    model.embedding = nn.Embedding(V, C)
    model.blocks = nn.ModuleList(MultiHeadAttention(C, 4) for _ in range(2))
    model.norm, model.head = LayerNorm(C), nn.Linear(C, V, bias=False)
    nn.init.normal_(model.head.weight, std=std)
    tokens = torch.randint(V, (8, 128))
    logits, targets = model(tokens[:, :-1]), tokens[:, 1:]
    loss = nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
    print(std, round(loss.item(), 1))
