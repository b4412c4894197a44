import torch
from torch.nn import functional as F

from llm_book.nn.self_attention import causal_mask
from llm_book.nn.sliding_window import sliding_window_attention

weights, values = [1.0, 2.0, 1.0, 3.0, 1.0], [3.0, 6.0, 9.0, 12.0, 15.0]
by_hand = []
for t in range(5):
    seen = range(max(0, t - 2), t + 1)
    total = sum(weights[s] for s in seen)
    by_hand.append(sum(weights[s] * values[s] for s in seen) / total)

queries = torch.ones(1, 5, 1, 1)
keys = torch.tensor(weights).log().reshape(1, 5, 1, 1)
numbers = torch.tensor(values).reshape(1, 5, 1, 1)
positions = torch.arange(5)
in_blocks = sliding_window_attention(queries, keys, numbers, positions, 3)

q, k, v = (x.transpose(1, 2) for x in (queries, keys, numbers))
mask = causal_mask(positions, positions, window=3)
masked = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)

for result in (by_hand, in_blocks.flatten().tolist(), masked.flatten().tolist()):
    print([round(number, 3) for number in result])
