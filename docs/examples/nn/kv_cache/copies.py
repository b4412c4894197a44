import torch

new = torch.zeros(2, 12, 12, 64)  # a token: 2 × 12 layers × 12 heads
print(f"one token: {new.nbytes:,} bytes")
for n_tokens in (10, 100, 1000):
    copied = 0
    for t in range(n_tokens):
        copied += t * new.nbytes  # torch.cat copies the t tokens that are there
    kept = n_tokens * new.nbytes
    print(f"{n_tokens:5,} tokens: {kept:12,} kept, {copied:15,} copied again")
