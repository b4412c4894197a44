import torch

from llm_book.generation.generate import generate
from llm_book.models.gpt2 import GPT2, GPT2Config

torch.manual_seed(206)
sizes = {"vocab_size": 50, "context_length": 64, "dim": 24, "n_layers": 2, "n_heads": 3}
model = GPT2(GPT2Config(**sizes, tie_embeddings=False))
for parameter in model.parameters():
    if parameter.dim() == 2:  # larger than usual, so that the model has opinions
        torch.nn.init.normal_(parameter, std=0.5)


@torch.no_grad()
def continued(prompt: list[int], n_new: int, cached: bool) -> tuple[list[int], int]:
    """Return the likeliest tokens, and how many the model had to read for them."""
    cache = model.make_cache(1, len(prompt) + n_new) if cached else None
    row, unread, n_read = list(prompt), list(prompt), 0
    for _ in range(n_new):
        logits = model(torch.tensor([unread]), cache)
        n_read += len(unread)
        row.append(int(logits[0, -1].argmax()))
        unread = row[-1:] if cached else row
    return row[len(prompt) :], n_read


prompt = [11, 12, 13, 14, 15]
for cached in (False, True):
    print(*continued(prompt, 10, cached))
print(generate(model, [prompt], 10)[0])
print([continued(prompt, n_new, False)[1] for n_new in (1, 20, 40, 59)])
print([continued(prompt, n_new, True)[1] for n_new in (1, 20, 40, 59)])
