n_tokens, dim, vocab_size, n_layers, n_weights = 2 * 256, 768, 50_257, 12, 124_439_808

blocks = 6 * n_layers * 12 * dim**2 * n_tokens  # one product forward, two back
head = 6 * vocab_size * dim * n_tokens
print(f"products in the blocks: {blocks / 1e9:5.0f} billion operations")
print(f"products of the head:   {head / 1e9:5.0f} billion operations")
print(f"AdamW, clipping:        {14 * n_weights / 1e9:5.1f} billion operations")
print(f"logits, softmax, loss:  {10 * n_tokens * vocab_size / 1e9:5.1f} billion operations")
