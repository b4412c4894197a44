from llm_book.nn.rotary_embedding import rotary_frequencies, yarn_attention_factor, yarn_scaling

before = rotary_frequencies(128, 1_000_000.0)
after = yarn_scaling(4.0, 32_768)(before)
slower = before / after
print("pairs that stay:          ", (slower < 1.001).sum().item())
print("pairs between:            ", ((slower >= 1.001) & (slower < 3.999)).sum().item())
print("pairs four times slower:  ", (slower >= 3.999).sum().item())
print(f"queries and keys, longer:  {yarn_attention_factor(4.0):.3f} times")
