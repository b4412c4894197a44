import torch

from llm_book.models.causal_lm import published_name
from llm_book.models.llama import LLAMA_3_2_1B, WEIGHT_NAMES, Llama

with torch.device("meta"):
    model = Llama(LLAMA_3_2_1B)
for name, parameter in model.named_parameters():
    if ".15." in name or "blocks" not in name:
        print(f"{published_name(name, WEIGHT_NAMES)[0]:50} {tuple(parameter.shape)}")
