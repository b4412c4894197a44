import torch

from llm_book.nn.kv_cache import KVCache
from llm_book.nn.self_attention import CausalSelfAttention

torch.manual_seed(0)
x, positions = torch.randn(1, 12, 8), torch.arange(12)

for window in (None, 4):
    layer = CausalSelfAttention(8, 2, window=window)
    expected = layer(x, positions)
    for sizes in ([12], [1] * 12, [5, 7], [5, 1, 1, 3, 2]):
        cache = KVCache(1, 12, (2,), window=window)
        parts = zip(x.split(sizes, 1), positions.split(sizes), strict=True)
        out = torch.cat([layer(part, where, cache) for part, where in parts], 1)
        equal = torch.allclose(out, expected, atol=1e-6)
        print(f"window {window}, chunks {sizes}: {equal}")
