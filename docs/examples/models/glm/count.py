import torch

from llm_book.models.causal_lm import count_parameters
from llm_book.models.glm import CHATGLM3_6B, Glm

C, F, V, L, H, K, D = 4096, 13_696, 65_024, 28, 32, 2, 128
attention = (C + 1) * (H + 2 * K) * D + H * D * C  # + 1: the biases of queries, keys, and values
feed_forward = 3 * C * F
norms = 2 * C
print(f"one block          {attention + feed_forward + norms:>13,}")
print(f"embedding, head    {2 * V * C:>13,}")
print(f"by hand            {2 * V * C + L * (attention + feed_forward + norms) + C:>13,}")
with torch.device("meta"):
    print(f"by the model       {count_parameters(Glm(CHATGLM3_6B)):>13,}")
