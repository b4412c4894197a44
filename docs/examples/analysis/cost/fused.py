import torch
from torch.utils.flop_counter import FlopCounterMode

from llm_book.models.gpt2 import GPT2, GPT2Config

sizes = {"vocab_size": 100, "context_length": 256, "dim": 64}
config = GPT2Config(**sizes, n_layers=2, n_heads=4)
for device in ("cpu", "meta"):
    with torch.device(device), FlopCounterMode(display=False) as counter:
        GPT2(config)(torch.zeros(1, 256, dtype=torch.long))
    print(f"{device:4} {counter.get_total_flops():,}")
