import torch

from llm_book.nn.multi_head_attention import MultiHeadAttention

with torch.device("meta"):  # shapes without numbers
    layer = MultiHeadAttention(4096, 32, bias=False)
    cache = layer.make_cache(1, 8, dtype=torch.bfloat16)

token = 32 * cache.bytes_per_token  # 32 layers
left = 80_000_000_000 - 16_000_000_000  # the GPU without the weights
print(f"one token: {token:,} bytes")
for length in (2_048, 8_192, 131_072):
    text = length * token
    print(f"text of {length:7,}: {text / 1e9:5.1f} GB, {left // text:2} fit")
