import torch

for length in (1_024, 8_192, 131_072):
    queries = keys = torch.empty(12, length, 64, device="meta")
    scores = queries @ keys.mT
    print(f"{length:7,} tokens: {keys.nbytes / 1e9:.2f} GB of keys,", end=" ")
    print(f"{scores.nbytes / 1e9:6.2f} GB of scores")
