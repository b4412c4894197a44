B, T, V, C, L = 8, 1024, 50_257, 768, 12

parameters = 124_439_808
one_stream = B * T * C
logits = B * T * V
print(f"weights of GPT-2 124M      {4 * parameters / 1e9:6.2f} GB")
print(f"stream into one block      {4 * one_stream / 1e9:6.2f} GB")
print(f"logits                     {4 * logits / 1e9:6.2f} GB")
print(f"log probabilities          {4 * logits / 1e9:6.2f} GB")
print(f"gradient of the logits     {4 * logits / 1e9:6.2f} GB")
