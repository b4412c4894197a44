import torch

from llm_book.nn.kv_cache import KVCache
from llm_book.nn.self_attention import CausalSelfAttention

torch.manual_seed(0)
layer = CausalSelfAttention(8, 2)
long, short = torch.randn(1, 5, 8), torch.randn(1, 3, 8)
padded = torch.cat((torch.zeros(1, 2, 8), short), 1)
prompts = torch.cat((long, padded))  # (2, 5, 8)
positions = torch.stack((torch.arange(5), torch.arange(-2, 3)))
new = torch.randn(2, 1, 8)  # one more token for each row

cache = KVCache(2, 6, (2,))
layer(prompts, positions, cache)
together = layer(new, positions[:, -1:] + 1, cache)
print(cache.positions.tolist())

for row, prompt in enumerate((long, short)):
    n = prompt.shape[1]
    cache = KVCache(1, 6, (2,))
    layer(prompt, torch.arange(n), cache)
    alone = layer(new[row : row + 1], torch.tensor([n]), cache)
    print(f"row {row}:", torch.allclose(together[row], alone[0], atol=1e-6))
