import torch

from llm_book.nn.self_attention import attend, causal_mask

x = [(0, 0, 0), (2, 2, 0), (0, 0, 1), (-1, -1, 0), (1, 0, 0), (1, 0, 1)]
x = torch.tensor(x, dtype=torch.float32)
table = torch.ones(6, 6, dtype=torch.bool).tril()  # made once, for the whole context
query, keys = x[4:5], x[:5]  # "it" is new, the keys before it were kept
T, S = len(query), len(keys)

masks = {
    "table[:T, :S]": table[:T, :S],
    "causal_mask": causal_mask(torch.arange(4, 5), torch.arange(5)),
}
for name, mask in masks.items():
    mixed = [round(number, 3) for number in attend(query, keys, keys, mask)[0].tolist()]
    print(f"{name:14} {mask.int().tolist()} {mixed}")
