import torch
from torch.utils.flop_counter import FlopCounterMode

from llm_book.nn.self_attention import CausalSelfAttention

layer = CausalSelfAttention(768, 64).to("meta")  # shapes without numbers

print("token number  multiplications")
for n in (1, 10, 100, 1000):
    row = torch.empty(1, n, 768, device="meta")  # the text so far, n tokens
    with FlopCounterMode(display=False) as counter:
        layer(row, torch.arange(n, device="meta"))
    print(f"{n:12,} {counter.get_total_flops() // 2:16,}")
