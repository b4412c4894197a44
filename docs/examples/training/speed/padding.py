import torch
from torch.nn import functional as F

from llm_book.nn.multi_head_attention import MultiHeadAttention
from llm_book.training.speed import FastAttention

torch.manual_seed(0)
layer = MultiHeadAttention(8, 2)
alone = torch.randn(1, 3, 8)
padded = torch.cat((torch.randn(1, 2, 8), alone), 1)  # two pads in front
positions = torch.tensor([-1, -1, 0, 1, 2])
expected = layer(alone, torch.arange(3))


def careless(x):
    qkv = layer.qkv_proj(x).unflatten(-1, (3, *layer.head_shape))
    queries, keys, values = qkv.permute(2, 0, 3, 1, 4).unbind(0)
    mixed = F.scaled_dot_product_attention(queries, keys, values, is_causal=True)
    return layer.o_proj(mixed.transpose(1, 2).flatten(-2))


print("is_causal=True:", torch.allclose(careless(padded)[:, 2:], expected, atol=1e-5))
layer.__class__ = FastAttention
print("FastAttention: ", torch.allclose(layer(padded, positions)[:, 2:], expected, atol=1e-5))
