import torch

from llm_book.nn.embedding import TokenPositionEmbedding

torch.manual_seed(0)
embedding = TokenPositionEmbedding(vocab_size=8, context_length=6, dim=4)
alone = embedding(torch.tensor([[5, 3]]), torch.arange(2))
padded = torch.tensor([[0, 0, 5, 3]])  # beside a prompt of four tokens
for positions in (torch.arange(4), torch.arange(4) - 2):
    same = torch.equal(embedding(padded, positions)[:, 2:], alone)
    print(positions.tolist(), "the same vectors:", same)
