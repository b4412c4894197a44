import torch

from llm_book.nn.self_attention import attend, causal_mask

torch.manual_seed(0)
q, k, v = torch.randn(3, 6, 2)
table = torch.ones(6, 6, dtype=torch.bool).tril()
expected = attend(q, k, v, table)

for sizes in ([6], [4, 2], [1] * 6):
    wrong, right = [], []
    for where in torch.arange(6).split(sizes):
        T, S = len(where), int(where[-1]) + 1
        mask = causal_mask(where, torch.arange(S))
        wrong.append(attend(q[where], k[:S], v[:S], table[:T, :S]))
        right.append(attend(q[where], k[:S], v[:S], mask))
    off = (torch.cat(wrong) - expected).abs().max().item()
    fine = (torch.cat(right) - expected).abs().max().item()
    print(f"chunks {sizes}: table[:T, :S] off by {off:.2f}, positions {fine:.2f}")
