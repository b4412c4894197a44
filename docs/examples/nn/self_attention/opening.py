import torch
from torch import nn
from torch.nn import functional as F

from llm_book.nn.embedding import TokenPositionEmbedding

texts = ["The fox found jam; it grinned", "The jar held jam; it cracked"]
sentences = [text.split() for text in texts]
words = sorted({word for sentence in sentences for word in sentence})
tokens = torch.tensor([[words.index(word) for word in s] for s in sentences])
positions = torch.arange(5)

torch.manual_seed(2)
embed = TokenPositionEmbedding(len(words), 6, dim=16)
network = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, len(words)))
parts = nn.ModuleList([embed, network])
optimizer = torch.optim.Adam(parts.parameters(), lr=0.01)
for _ in range(100):
    x = embed(tokens[:, :5], positions)  # (2, 5, 16)
    logits = network(x)  # each token on its own
    loss = F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

guesses = logits[:, 4].softmax(-1)  # after "it"
for i in range(2):
    grinned, cracked = (guesses[i, words.index(word)] for word in ("grinned", "cracked"))
    print(*sentences[i][:5], f"... grinned {grinned:.2f}, cracked {cracked:.2f}")
