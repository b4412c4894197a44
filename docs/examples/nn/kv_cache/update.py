import torch

from llm_book.nn.kv_cache import KVCache

x = [(0, 0, 0), (2, 2, 0), (0, 0, 1), (-1, -1, 0), (1, 0, 0), (1, 0, 1)]
x = torch.tensor([x], dtype=torch.float32)  # (1, 6, 3)

cache = KVCache(batch_size=1, max_length=8, key_shape=(2,))
start = cache.keys.data_ptr()
for positions in torch.arange(6).split([4, 1, 1]):
    chunk = x[:, positions]
    keys, _, seen = cache.update(chunk[..., :2], chunk[..., 1:], positions)
    same = keys.data_ptr() == start
    print(f"{cache.length} tokens, {seen[0].tolist()}, same memory: {same}")
print("keys", cache.keys[0].int().tolist())
print(cache.bytes_per_token, "bytes per token")
