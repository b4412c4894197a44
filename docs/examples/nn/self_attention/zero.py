import torch

from llm_book.nn.self_attention import attention_weights

x = [(0, 0, 0), (2, 2, 0), (0, 0, 1), (-1, -1, 0), (1, 0, 0), (1, 0, 1)]
x = torch.tensor(x, dtype=torch.float32)
mask = torch.ones(6, 6, dtype=torch.bool).tril()
scores = x @ x.T / 3**0.5

ways = {
    "hidden scores set to 0": scores.masked_fill(~mask, 0.0).softmax(-1),
    "weights times mask": scores.softmax(-1) * mask,
    "attention_weights": attention_weights(x, x, mask),
}
for name, weights in ways.items():
    row = weights[1]
    print(f"{name:23}", [round(share, 2) for share in row.tolist()], f"sum {row.sum():.2f}")
