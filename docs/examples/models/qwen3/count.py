import torch

from llm_book.models.causal_lm import count_parameters
from llm_book.models.qwen3 import QWEN3_30B_A3B, Qwen3Block
from llm_book.nn.rotary_embedding import RotaryEmbedding

C, V, L, H, K, D = 2048, 151_936, 48, 32, 4, 128
E, A, F = 128, 8, 768
attention = C * H * D + 2 * C * K * D + H * D * C
norms = 2 * C + 2 * D  # before both parts; of queries and keys
expert = 3 * C * F


def block(n_experts):
    return attention + norms + C * E + n_experts * expert


with torch.device("meta"):
    model_block = Qwen3Block(QWEN3_30B_A3B, RotaryEmbedding(D), sparse=True)
print(f"one block, by the model  {count_parameters(model_block):>14,}")
print(f"one block, by hand       {block(E):>14,}")
print(f"all of the model         {2 * V * C + C + L * block(E):>14,}")
print(f"used for a token         {2 * V * C + C + L * block(A):>14,}")
