import torch
from torch import nn

from llm_book.nn.embedding import TokenPositionEmbedding

weight = torch.tensor([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
tokens = torch.tensor([[1, -1]])
print(weight[tokens].tolist())

ours = TokenPositionEmbedding(vocab_size=3, context_length=4, dim=2)
for look_up in (
    lambda: nn.Embedding(3, 2)(tokens),
    lambda: ours(tokens, torch.arange(2)),
    lambda: ours(torch.zeros(1, 5, dtype=torch.long), torch.arange(5)),
    lambda: ours(tokens.to(torch.uint16), torch.arange(2)),
):
    try:
        look_up()
    except (IndexError, ValueError) as error:
        print(type(error).__name__, error)
