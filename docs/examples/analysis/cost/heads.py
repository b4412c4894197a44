from llm_book.analysis.cost import attended_tokens, cache_bytes, key_value_numbers

attended = attended_tokens(4096, [None] * 32)  # Llama-3-8B
for n_kv_heads in (32, 8):
    numbers = key_value_numbers(n_kv_heads=n_kv_heads, head_dim=128)
    size = cache_bytes(numbers=numbers, attended=attended, dtype="bfloat16")
    print(f"{n_kv_heads:2} heads: {size / 2**30} GiB")
