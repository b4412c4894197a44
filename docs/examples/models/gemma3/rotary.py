import math

from llm_book.models.gemma3 import GEMMA_3_4B
from llm_book.nn.rotary_embedding import linear_scaling, rotary_frequencies

local = rotary_frequencies(256, GEMMA_3_4B.rope_theta_local)
everywhere = rotary_frequencies(256, GEMMA_3_4B.rope_theta)
slowed = linear_scaling(GEMMA_3_4B.rope_scaling["factor"])(everywhere)

print("pairs of 128 that do not repeat within  1,024   131,072 tokens")
for name, frequencies in (
    ("10,000", local), ("1,000,000", everywhere), ("1,000,000, slowed by 8", slowed),
):  # fmt: skip
    counts = [int((frequencies * n < 2 * math.pi).sum()) for n in (1024, 131_072)]
    print(f"base {name:34}{counts[0]:5}{counts[1]:9}")
