import torch

from llm_book.nn.grouped_query_attention import GroupedQueryAttention
from llm_book.nn.rotary_embedding import RotaryEmbedding

torch.manual_seed(0)
layer = GroupedQueryAttention(32, 4, 2, rotary=RotaryEmbedding(8), window=4)
x, positions = torch.randn(1, 12, 32), torch.arange(12)
expected = layer(x, positions)

cache, outs = layer.make_cache(1, 12), []
for chunk, where in zip(x.split([3, 7, 1, 1], 1), positions.split([3, 7, 1, 1]), strict=True):
    out = layer(chunk, where, cache)
    outs.append(out)
    print(f"{len(where)} tokens come, the ring holds positions {cache.positions[0].tolist()}")
error = (torch.cat(outs, 1) - expected).abs().max()
print(f"off by {error:.3f}")
