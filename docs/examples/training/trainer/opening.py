import torch
from torch.nn.functional import cross_entropy

from llm_book.models.gpt2 import GPT2, GPT2Config

torch.manual_seed(0)
digits, new_digits = torch.randint(10, (2, 16, 17))  # thrown like dice: nobody can know them
model = GPT2(GPT2Config(vocab_size=10, context_length=16, dim=64, n_layers=2, n_heads=2))
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)

for step in range(151):
    loss = cross_entropy(model(digits[:, :-1]).flatten(0, 1), digits[:, 1:].flatten())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(f"step {step:3}: loss {loss.item():.1f}")
