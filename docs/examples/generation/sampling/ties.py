import torch

from llm_book.generation.sampling import sample

words = ["jar", "nest", "coin", "key", "pie", "map", "cloud", "Tuesday"]
logits = torch.tensor([40.0, 20, 10, 10, 8, 6, 4, 2]).log().expand(10_000, -1)
generator = torch.Generator().manual_seed(0)
exactly = sample(logits, top_k=3, generator=generator).unique()

third = logits[0].topk(3).values[-1]  # the other way: keep all that reach the third
at_least = logits[0] >= third

print("exactly 3: ", [words[i] for i in exactly])
print("at least 3:", [words[i] for i in at_least.nonzero().flatten()])
