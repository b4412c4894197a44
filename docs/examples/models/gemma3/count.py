import torch

from llm_book.models.causal_lm import count_parameters
from llm_book.models.gemma3 import GEMMA_3_1B, GEMMA_3_270M, Gemma3

V, D, H, K = 262_144, 256, 4, 1
for config, C, F, L in ((GEMMA_3_270M, 640, 2048, 18), (GEMMA_3_1B, 1152, 6912, 26)):
    attention = C * H * D + 2 * C * K * D + H * D * C + 2 * D  # and two norms of a head
    block = attention + 3 * C * F + 4 * C
    print(f"embedding    {V * C:13,}")
    print(f"{L} blocks    {L * block:13,}, {block:,} each")
    print(f"by hand      {V * C + L * block + C:13,}")
    with torch.device("meta"):
        model = Gemma3(config)
    print(f"by the model {count_parameters(model):13,}")
    print(f"share of the embedding {V * C / count_parameters(model):.1%}")
