import torch

from llm_book.models.causal_lm import count_parameters
from llm_book.models.llama import LLAMA_3_2_1B, Llama

C, F, V, L, H, K, D = 2048, 8192, 128_256, 16, 32, 8, 64
attention = C * H * D + 2 * C * K * D + H * D * C
feed_forward = 3 * C * F
norms = 2 * C
print(f"one block     {attention + feed_forward + norms:>13,}")
print(f"embedding     {V * C:>13,}")
print(f"by hand       {V * C + L * (attention + feed_forward + norms) + C:>13,}")
with torch.device("meta"):
    print(f"by the model  {count_parameters(Llama(LLAMA_3_2_1B)):>13,}")
