import torch

from llm_book.nn.rotary_embedding import rotary_frequencies

frequencies = rotary_frequencies(128)
for position in (100, 1000, 4095, 100_000):
    exact = position * frequencies.double()
    for dtype in (torch.float32, torch.bfloat16):
        angles = torch.tensor(position, dtype=dtype) * frequencies.to(dtype)
        error = (angles.double() - exact).abs().max()
        print(f"{position:7,} {dtype!s:14} off by at most {error:7.2f} radians")
