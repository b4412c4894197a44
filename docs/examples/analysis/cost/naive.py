from dataclasses import replace

import torch
from torch.utils.flop_counter import FlopCounterMode

from llm_book.models.causal_lm import count_parameters
from llm_book.models.gpt2 import GPT2, GPT2_124M


def counted_per_token(model, n_tokens):
    with FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, n_tokens, dtype=torch.long, device="meta"))
    return counter.get_total_flops() / n_tokens


with torch.device("meta"):  # shapes without numbers: nothing is computed
    tied = GPT2(GPT2_124M)
    untied = GPT2(replace(GPT2_124M, tie_embeddings=False))

for name, model in (("tied", tied), ("untied", untied)):
    rule = 2 * count_parameters(model)
    for n_tokens in (1, 1024):
        real = counted_per_token(model, n_tokens)
        print(f"{name:6} {n_tokens:4} tokens: 2N = {rule:,}, counted {real:,.0f}")
