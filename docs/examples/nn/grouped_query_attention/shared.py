import torch

from llm_book.nn.grouped_query_attention import GroupedQueryAttention

left = 80_000_000_000 - 16_000_000_000
print("key-value heads  bytes a token  texts of 131,072 tokens")
for n_kv_heads in (32, 8, 1):
    with torch.device("meta"):
        layer = GroupedQueryAttention(4096, 32, n_kv_heads)
        cache = layer.make_cache(1, 8, dtype=torch.bfloat16)
    token = 32 * cache.bytes_per_token
    print(f"{n_kv_heads:15}  {token:13,}  {left // (131_072 * token):23}")
