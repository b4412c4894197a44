import torch
from torch import nn

from llm_book.training.adamw import AdamW
from llm_book.training.loss import next_token_loss

torch.manual_seed(0)
tokens, targets = torch.arange(8)[None], torch.arange(8).flip(0)[None]
model = nn.Sequential(nn.Embedding(8, 16), nn.Linear(16, 8))
optimizer = AdamW(model.parameters(), lr=0.01)
model[1] = nn.Linear(16, 8)  # a new head for a new task

head = model[1].weight.detach().clone()
for _ in range(100):
    optimizer.zero_grad()
    next_token_loss(model(tokens), targets).backward()
    optimizer.step()
print("the new head has moved by", (model[1].weight - head).abs().max().item())
gradient = model[1].weight.grad.abs().max().item()
print("its gradient has added up to", round(gradient, 1))
