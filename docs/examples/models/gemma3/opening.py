import dataclasses

import torch

from llm_book.models.causal_lm import count_parameters
from llm_book.models.gemma3 import GEMMA_3_4B, Gemma3

every_layer = dataclasses.replace(GEMMA_3_4B, global_layers=tuple(range(34)))
with torch.device("meta"):  # shapes without numbers
    model = Gemma3(every_layer).bfloat16()
print(f"weights              {2 * count_parameters(model) / 1e9:5.1f} GB")
for n_tokens in (1024, 32_768, 131_072):
    caches = model.make_cache(batch_size=1, max_length=n_tokens)
    n_bytes = sum(cache.bytes_per_token for cache in caches) * n_tokens
    print(f"{n_tokens:7,} tokens cached {n_bytes / 1e9:5.1f} GB")
