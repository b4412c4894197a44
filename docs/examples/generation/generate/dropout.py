import torch

from llm_book.generation.generate import generate
from llm_book.models.gpt2 import GPT2, GPT2Config

torch.manual_seed(206)
sizes = {"vocab_size": 50, "context_length": 64, "dim": 24, "n_layers": 2, "n_heads": 3}
model = GPT2(GPT2Config(**sizes, dropout=0.1, tie_embeddings=False))
for parameter in model.parameters():
    if parameter.dim() == 2:  # larger than usual, so that the model has opinions
        torch.nn.init.normal_(parameter, std=0.5)

for _ in range(2):
    row = [11, 12, 13, 14, 15]
    for _ in range(6):
        row.append(int(model(torch.tensor([row]))[0, -1].argmax()))
    print("loop:    ", row[5:])
for _ in range(2):
    print("generate:", generate(model, [row[:5]], 6)[0])
print("still in training mode:", model.training)
