import torch

from llm_book.generation.generate import generate, stream
from llm_book.models.gpt2 import GPT2, GPT2Config

torch.manual_seed(206)
sizes = {"vocab_size": 50, "context_length": 64, "dim": 24, "n_layers": 2, "n_heads": 3}
model = GPT2(GPT2Config(**sizes, tie_embeddings=False))
for parameter in model.parameters():
    if parameter.dim() == 2:  # larger than usual, so that the model has opinions
        torch.nn.init.normal_(parameter, std=0.5)

prompts = [[11, 12, 13, 14, 15], [21, 22], [31, 32, 33]]
for row in generate(model, prompts, 10):
    print(row)
END = 10
for step in stream(model, prompts, 10, eos_id=END):
    print(step)
print("kept:", *generate(model, prompts, 10, eos_id=END), sep="\n")
