from llm_book.analysis.cost import key_value_numbers, latent_numbers

before = 95 * key_value_numbers(n_kv_heads=8, head_dim=128)  # DeepSeek 67B
after = 60 * latent_numbers(rank=512, rope_dim=64)  # DeepSeek-V2
for bits in (16, 6):
    saved = 1 - after * bits / (before * 16)
    print(f"V2 in {bits} bits: {saved:.1%} smaller than 67B in 16 bits")
