import torch
from torch.utils.flop_counter import FlopCounterMode

from llm_book.models.causal_lm import count_parameters
from llm_book.nn.gated_feed_forward import GatedFeedForward

token = torch.empty(1, 1024, device="meta")  # shapes without numbers
for times in (1, 8, 64):
    with torch.device("meta"):
        layer = GatedFeedForward(1024, times * 512)
    with FlopCounterMode(display=False) as counter:
        layer(token)
    work = counter.get_total_flops() // 2
    print(f"{count_parameters(layer):11,} parameters, {work:11,} multiplications")
