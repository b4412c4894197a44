import torch
from torch.nn import functional as F

from llm_book.nn.embedding import TokenPositionEmbedding

embedding = TokenPositionEmbedding(vocab_size=3, context_length=2, dim=2)
embedding.token.weight.data = torch.tensor([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
embedding.position.weight.data = torch.tensor([[10.0, 20.0], [30.0, 40.0]])
tokens = torch.tensor([[2, 2]])
print(embedding(tokens, torch.arange(2)).tolist())

one_hot = F.one_hot(tokens, 3).float()
print(one_hot.tolist())
print((one_hot @ embedding.token.weight + embedding.position.weight).tolist())
