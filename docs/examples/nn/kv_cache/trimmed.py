import torch

from llm_book.nn.kv_cache import KVCache
from llm_book.nn.self_attention import CausalSelfAttention

torch.manual_seed(0)
x, positions = torch.randn(1, 7, 8), torch.arange(7)
layer = CausalSelfAttention(8, 2, window=4)
expected = layer(x, positions)


class Trimmed(KVCache):
    def update(self, keys, values, positions):
        kept = super().update(keys, values, positions)
        return tuple(memory[:, -4:] for memory in kept)  # only a window, at once


for kind in (KVCache, Trimmed):
    cache = kind(1, 7, (2,), window=4)
    layer(x[:, :4], positions[:4], cache)
    out = layer(x[:, 4:], positions[4:], cache)  # a chunk of three
    errors = (out - expected[:, 4:]).abs().amax(-1)[0].tolist()
    errors = [round(error, 2) for error in errors]
    print(f"{kind.__name__:8} error of tokens 4, 5, 6: {errors}")
