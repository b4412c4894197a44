from collections import Counter, defaultdict

import torch

from llm_book.data.token_windows import TokenWindows
from llm_book.tokenizers.bpe import train_bpe

TEXT = """The fox lost her scarf. The hare found the scarf. The hare saw the fox.
The fox saw her scarf. The fox thanked the hare."""
tokenizer = train_bpe(TEXT, 300)
windows = TokenWindows(tokenizer.encode(TEXT), context_length=4, stride=4)
inputs, targets = (torch.cat(rows).tolist() for rows in zip(*windows, strict=True))

for name, answers in {"shifted": targets, "forgotten": inputs}.items():
    seen = defaultdict(Counter)
    for token, answer in zip(inputs, answers, strict=True):
        seen[token][answer] += 1
    best = {token: counts.most_common(1)[0][0] for token, counts in seen.items()}

    right = sum(best[t] == a for t, a in zip(inputs, answers, strict=True))
    ids = tokenizer.encode("The")
    for _ in range(7):
        ids.append(best[ids[-1]])
    print(f"{name}: {right} of {len(answers)} right,", repr(tokenizer.decode(ids)))
