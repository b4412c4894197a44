import math

import torch
from torch.nn import functional as F

from llm_book.training.loss import next_token_loss

COUNTS = {
    "jar": 40, "nest": 20, "coin": 10, "key": 10,
    "pie": 8, "map": 6, "cloud": 4, "Tuesday": 2,
}  # fmt: skip
words = list(COUNTS)
row = torch.tensor([math.log(count) for count in COUNTS.values()])
logits = row.expand(1, 3, 8)  # the same row at three places
targets = torch.tensor([[words.index(w) for w in ("jar", "coin", "jar")]])

hand = (math.log(100 / 40) + math.log(100 / 10) + math.log(100 / 40)) / 3
book = next_token_loss(logits, targets)
torchs = F.cross_entropy(logits[0], targets[0])
print(f"by hand {hand:.4f}, book {book:.4f}, torch {torchs:.4f}")

logits = row.clone().requires_grad_()
coin = torch.tensor([[words.index("coin")]])
next_token_loss(logits[None, None], coin).backward()
for i, word in enumerate(words):
    p, gradient = row.softmax(0)[i], logits.grad[i]
    print(f"{word:8} p {p:.2f}  gradient {gradient:+.2f}")
