import torch

from llm_book.generation.sampling import sample

counts = torch.tensor([40.0, 20, 10, 10, 8, 6, 4, 2])
logits = counts.log().expand(100_000, -1)  # (B, V): as many rows as draws
generator = torch.Generator().manual_seed(0)
for settings in (
    {},
    {"temperature": 0.5},
    {"top_p": 0.5},
    {"top_p": 0.65},
    {"top_k": 2, "top_p": 0.5},
    {"temperature": 0},
):
    drawn = sample(logits, generator=generator, **settings)
    shares = drawn.bincount(minlength=8) / len(drawn)
    print(shares.numpy().round(2), settings)
