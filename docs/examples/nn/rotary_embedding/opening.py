import torch

from llm_book.nn.embedding import TokenPositionEmbedding
from llm_book.nn.self_attention import SelfAttention

torch.manual_seed(0)
embedding, layer = TokenPositionEmbedding(10, 64, 32), SelfAttention(32, 16)
fox_it = torch.tensor([[3, 7]])

for start in (1, 2, 40, 61):
    places = torch.tensor([start, start + 3])
    try:
        x = embedding(fox_it, places)
    except ValueError as error:
        print(error)
        continue
    score = layer.q_proj(x)[0, 1] @ layer.k_proj(x)[0, 0] / 16**0.5
    print(f"fox at {start}, it at {start + 3}: score {score:.2f}")
