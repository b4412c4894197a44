import torch
from torch import nn
from torch.nn import functional as F

from llm_book.nn.embedding import TokenPositionEmbedding
from llm_book.nn.self_attention import attend

T = 5
everything = torch.ones(T, T, dtype=torch.bool)
past = everything.tril()
for name, mask in (("everything", everything), ("itself and the past", past)):
    torch.manual_seed(0)
    embed, head = TokenPositionEmbedding(10, T, dim=32), nn.Linear(32, 10)
    qkv = nn.Linear(32, 3 * 32)  # three projections in one
    parts = nn.ModuleList([embed, head, qkv])
    optimizer = torch.optim.Adam(parts.parameters(), lr=0.02)
    for _ in range(60):
        digits = torch.randint(10, (128, T))
        queries, keys, values = qkv(embed(digits, torch.arange(T))).chunk(3, -1)
        logits = head(attend(queries, keys, values, mask))[:, :-1]
        loss = F.cross_entropy(logits.flatten(0, 1), digits[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    right = (logits.argmax(-1) == digits[:, 1:]).float().mean().item()
    print(f"a token sees {name}: {right:.1f} of the next digits right")
