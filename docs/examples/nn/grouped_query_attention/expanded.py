import torch

from llm_book.nn.grouped_query_attention import GroupedQueryAttention
from llm_book.nn.kv_cache import KVCache

torch.manual_seed(0)
layer = GroupedQueryAttention(64, 8, 2)
x, positions = torch.randn(1, 100, 64), torch.arange(100)


class Expanded(KVCache):
    """Store a copy of keys and values for every query head."""

    def update(self, keys, values, positions):
        many = (part.repeat_interleave(4, dim=2) for part in (keys, values))
        return super().update(*many, positions)


expected = layer(x, positions)
caches = {"2 heads": layer.make_cache(1, 100), "8 heads": Expanded(1, 100, (8, 8))}
for name, cache in caches.items():
    out = [layer(part, where, cache) for part, where in
           zip(x.split(25, 1), positions.split(25), strict=True)]  # fmt: skip
    right = torch.allclose(torch.cat(out, 1), expected, atol=1e-6)
    print(f"{name} stored: right {right}, {100 * cache.bytes_per_token:,} bytes")
