import torch
from torch.nn import functional as F

from llm_book.nn.self_attention import attend, attention_weights, causal_mask

x = [(0, 0, 0), (2, 2, 0), (0, 0, 1), (-1, -1, 0), (1, 0, 0), (1, 0, 1)]
x = torch.tensor(x, dtype=torch.float32)
positions = torch.arange(6)
mask = causal_mask(positions, positions)

weights = attention_weights(x, x, mask)
ours = attend(x, x, x, mask)
theirs = F.scaled_dot_product_attention(x, x, x, attn_mask=mask)
for name, numbers in (("weights", weights), ("attend", ours), ("torch", theirs)):
    print(f"{name:8}", [round(number, 3) for number in numbers[4].tolist()])
print("equal   ", torch.allclose(ours, theirs, atol=1e-6))
