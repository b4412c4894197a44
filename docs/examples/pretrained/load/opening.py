import torch

from llm_book.models.gpt2 import GPT2, GPT2_1_5B, GPT2_124M, GPT2_355M, GPT2_774M

print("model      GB   with the file   fits into 8 GB")
for config in (GPT2_124M, GPT2_355M, GPT2_774M, GPT2_1_5B):
    with torch.device("meta"):  # shapes without memory
        model = GPT2(config)
    gigabytes = sum(parameter.nbytes for parameter in model.parameters()) / 1e9
    print(f"{config.n_layers} blocks {gigabytes:5.2f} {2 * gigabytes:14.2f}  ", 2 * gigabytes < 8)
