from llm_book.analysis.cost import (
    attended_tokens,
    cache_bytes,
    decoding_limit,
    key_value_numbers,
    n_bytes,
)

bandwidth = 3.35e12  # bytes a second of an H100 SXM, from its data sheet
weight_bytes = n_bytes(7_504_658_432, "bfloat16")  # the matrices of Llama-3-8B
numbers = key_value_numbers(n_kv_heads=8, head_dim=128)
for context in (128, 8192):
    attended = attended_tokens(context, [None] * 32)
    row = cache_bytes(numbers=numbers, attended=attended, dtype="bfloat16")
    for batch_size in (1, 8, 64):
        limit = decoding_limit(
            bandwidth=bandwidth, weight_bytes=weight_bytes,
            cache_bytes=row, batch_size=batch_size,
        )  # fmt: skip
        print(f"context {context:4}, {batch_size:2} rows: {limit:8,.0f} tokens/s")
