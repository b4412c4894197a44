import torch

from llm_book.generation.sampling import sample

logits = torch.tensor([40.0, 20, 10, 10, 8, 6, 4, 2]).log().expand(12, -1)
for seed in (1, 1, 2):
    generator = torch.Generator().manual_seed(seed)
    print(seed, sample(logits, generator=generator).tolist())

generator = torch.Generator().manual_seed(1)
print("first ", sample(logits, generator=generator).tolist())
print("second", sample(logits, generator=generator).tolist())
