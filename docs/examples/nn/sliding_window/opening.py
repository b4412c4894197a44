import torch

from llm_book.nn.self_attention import causal_mask

window = 256
for length in (256, 1024, 8192):
    positions = torch.arange(length)
    seen = causal_mask(positions, positions, window).sum().item()
    print(f"{length:5,} tokens: {length**2:10,} scores, {seen / length**2:6.1%} of them seen")
