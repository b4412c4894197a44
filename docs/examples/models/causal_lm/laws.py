from types import SimpleNamespace

import torch
from torch import nn

from llm_book.models.causal_lm import CausalLM
from llm_book.nn.layer_norm import LayerNorm
from llm_book.nn.multi_head_attention import MultiHeadAttention

torch.manual_seed(0)
model = CausalLM()
model.config = SimpleNamespace(context_length=16)
model.embedding = nn.Embedding(20, 8)
model.blocks = nn.ModuleList(MultiHeadAttention(8, 2) for _ in range(2))
model.norm, model.head = LayerNorm(8), nn.Linear(8, 20)

with torch.no_grad():
    tokens = torch.tensor([[3, 1, 4, 1, 5, 9]])
    logits = model(tokens)
    changed = tokens.clone()
    changed[0, 3] = 7  # another fourth token
    print((model(changed) - logits).abs().amax(-1)[0].numpy().round(2))

    for chunks in ([1] * 6, [4, 2], [5, 1]):
        cache = model.make_cache(batch_size=1, max_length=16)
        parts = [model(part, cache) for part in tokens.split(chunks, 1)]
        print(chunks, torch.allclose(torch.cat(parts, 1), logits, atol=1e-5))
