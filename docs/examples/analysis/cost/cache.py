import torch

from llm_book.analysis.cost import attended_tokens, cache_bytes, key_value_numbers
from llm_book.models.gpt2 import GPT2, GPT2_124M
from llm_book.nn.kv_cache import KVCache

numbers = key_value_numbers(n_kv_heads=12, head_dim=64)
attended = attended_tokens(1, [None] * 12)
print(cache_bytes(numbers=numbers, attended=attended, dtype="float32"))

with torch.device("meta"):
    cache = GPT2(GPT2_124M).make_cache(1, 1024)
print(sum(layer.bytes_per_token for layer in cache))

# Gemma-3-270M, 8,192 tokens: five layers that see 512, one that sees all, thrice
windows = [512, 512, 512, 512, 512, None] * 3
numbers = key_value_numbers(n_kv_heads=1, head_dim=256)
attended = attended_tokens(8192, windows)
print(cache_bytes(numbers=numbers, attended=attended, dtype="bfloat16"))

place = {"dtype": torch.bfloat16, "device": "meta"}
layers = [KVCache(1, 8192, (1, 256), window=size, **place) for size in windows]
print(sum(layer.keys.nbytes + layer.values.nbytes for layer in layers))
