import torch
from torch import nn

from llm_book.nn.embedding import resize_embedding

embedding = nn.Embedding(4, 2)
old = torch.optim.SGD(embedding.parameters(), lr=1.0)
resize_embedding(embedding, 5)
new = torch.optim.SGD(embedding.parameters(), lr=1.0)
embedding(torch.tensor([0, 4])).sum().backward()
before = embedding.weight.detach().clone()
for name, optimizer in {"made before": old, "made after": new}.items():
    optimizer.step()
    moved = (embedding.weight != before).any(1)
    print(f"{name}: rows {moved.nonzero().flatten().tolist()} moved")
