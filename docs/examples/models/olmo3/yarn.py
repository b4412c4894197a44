import math

import torch

from llm_book.models.olmo3 import OLMO_3_7B, Olmo3

with torch.device("meta"):
    model = Olmo3(OLMO_3_7B)
local, everywhere = (model.blocks[layer].attention.rotary for layer in (2, 3))


def turns(rotary, pair, length):
    frequencies = rotary.signed_frequencies[torch.device("cpu")]
    return frequencies[64 + pair].item() * length / (2 * math.pi)


print("turns in 8,192 tokens   in 65,536   slowed")
for pair in (0, 20, 30, 40, 50):
    before, after = turns(local, pair, 8192), turns(everywhere, pair, 65_536)
    print(f"pair {pair:2} {before:13.2f} {turns(local, pair, 65_536):11.2f} {after:8.2f}")
print(f"scores of full layers times {everywhere.attention_factor**2:.2f}")
