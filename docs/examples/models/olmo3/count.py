import torch

from llm_book.models.causal_lm import count_parameters
from llm_book.models.olmo3 import OLMO_3_7B, Olmo3

C, F, V, L = 4096, 11_008, 100_278, 32
attention = 4 * C * C + 2 * C  # as many keys as queries; and two norms over all heads
block = attention + 3 * C * F + 2 * C
print(f"one block            {block:13,}")
print(f"embedding and head   {2 * V * C:13,}")
print(f"by hand              {2 * V * C + L * block + C:13,}")
with torch.device("meta"):
    print(f"by the model         {count_parameters(Olmo3(OLMO_3_7B)):13,}")
