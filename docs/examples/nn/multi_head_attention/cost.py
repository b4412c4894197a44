import torch
from torch.utils.flop_counter import FlopCounterMode

from llm_book.nn.multi_head_attention import MultiHeadAttention

C = 768
print(" H      T     weights   operations    by formula  of which T²")
for H, T in ((1, 1024), (12, 1024), (48, 1024), (12, 8192)):
    with torch.device("meta"):  # shapes only, no numbers
        layer = MultiHeadAttention(C, H)
        with FlopCounterMode(display=False) as counter:
            layer(torch.empty(1, T, C), torch.arange(T))
    n_weights = sum(weight.numel() for weight in layer.parameters())
    counted, formula = counter.get_total_flops(), 8 * T * C * C + 4 * T * T * C
    share = 4 * T * T * C / formula
    print(f"{H:2} {T:6} {n_weights:11,} {counted:12.3e}  {formula:12.3e}  {share:11.0%}")
