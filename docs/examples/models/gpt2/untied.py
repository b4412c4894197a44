import dataclasses

import torch

from llm_book.models.causal_lm import count_parameters
from llm_book.models.gpt2 import GPT2, GPT2_124M

with torch.device("meta"):
    for tied in (True, False):
        config = dataclasses.replace(GPT2_124M, tie_embeddings=tied)
        print(tied, f"{count_parameters(GPT2(config)):,}")
