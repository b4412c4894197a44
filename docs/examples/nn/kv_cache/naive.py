import torch

from llm_book.nn.self_attention import attend

x = [(0, 0, 0), (2, 2, 0), (0, 0, 1), (-1, -1, 0), (1, 0, 0), (1, 0, 1)]
x = torch.tensor(x, dtype=torch.float32)
words = ["The", "fox", "found", "jam", "it", "grinned"]

keys, values = torch.empty(0, 2), torch.empty(0, 2)
for t, word in enumerate(words):
    token = x[t : t + 1]  # one token comes in
    query, key, value = token[:, :2], token[:, :2], token[:, 1:]
    keys, values = torch.cat((keys, key)), torch.cat((values, value))
    mixed = attend(query, keys, values)[0].tolist()
    print(f"{word:8} {len(keys)} keys", [round(number, 3) for number in mixed])
