import torch
from torch.nn import functional as F

from llm_book.nn.kv_cache import KVCache
from llm_book.nn.self_attention import attend, causal_mask

x = [(0, 0, 0), (2, 2, 0), (0, 0, 1), (-1, -1, 0), (1, 0, 0), (1, 0, 1)]
x = torch.tensor([x], dtype=torch.float32)  # (1, 6, 3)
queries = keys = x[..., :2]
values = x[..., 1:]

cache = KVCache(1, 6, (2,))
for t in range(5):  # "it" is token 4
    now = slice(t, t + 1)
    kept = cache.update(keys[:, now], values[:, now], torch.tensor([t]))
    mask = causal_mask(torch.tensor([t]), kept[2])
    mixed = attend(queries[:, now], kept[0], kept[1], mask)

positions = torch.arange(6)
one_pass = attend(queries, keys, values, causal_mask(positions, positions))
theirs = F.scaled_dot_product_attention(queries, keys, values, is_causal=True)
rows = {"cache": mixed[0, 0], "one pass": one_pass[0, 4], "torch": theirs[0, 4]}
for name, row in rows.items():
    print(f"{name:9}", [round(number, 3) for number in row.tolist()])
