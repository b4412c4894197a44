import torch

from llm_book.generation.generate import generate, stream
from llm_book.models.gpt2 import GPT2, GPT2Config

torch.manual_seed(0)
sizes = {"vocab_size": 50, "context_length": 64, "dim": 24, "n_layers": 2, "n_heads": 3}
model = GPT2(GPT2Config(**sizes))
for prompts, n_new in (([[1, 2, 3]], 62), ([[1], []], 5), ([[1, 50]], 5)):
    try:
        stream(model, prompts, n_new)  # not one step has been asked for
    except ValueError as error:
        print(error)

print(generate(model, [[1, 2, 3]], 0))
print(len(generate(model, [[1, 2, 3]], 61)[0]))
print(len(generate(model, [[1, 2, 3]], 100, slide=True)[0]))
