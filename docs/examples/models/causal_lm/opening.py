import torch
from torch import nn

from llm_book.nn.feed_forward import FeedForward
from llm_book.nn.layer_norm import LayerNorm
from llm_book.nn.multi_head_attention import MultiHeadAttention

model = nn.Sequential(
    nn.Embedding(20, 8),
    LayerNorm(8),
    MultiHeadAttention(8, 2),
    FeedForward(8, 32),
    nn.Linear(8, 20),
)
try:
    model(torch.tensor([[3, 1, 4, 1, 5]]))
except TypeError as error:
    print(error)
