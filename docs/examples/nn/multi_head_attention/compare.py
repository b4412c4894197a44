import torch
from torch import nn

from llm_book.nn.multi_head_attention import MultiHeadAttention
from llm_book.nn.self_attention import attend, causal_mask

torch.manual_seed(0)
B, T, C, H = 2, 6, 12, 3
x, positions = torch.randn(B, T, C), torch.arange(T)
mask = causal_mask(positions, positions)
layer = MultiHeadAttention(C, H)
ours = layer(x, positions)

qkv = layer.qkv_proj(x).split(C // H, -1)  # nine pieces: Q1 Q2 Q3 K1 K2 K3 V1 V2 V3
heads = [attend(qkv[h], qkv[h + H], qkv[h + 2 * H], mask) for h in range(H)]
by_pieces = layer.o_proj(torch.cat(heads, -1))

theirs = nn.MultiheadAttention(C, H, batch_first=True)
theirs.in_proj_weight, theirs.in_proj_bias = layer.qkv_proj.weight, layer.qkv_proj.bias
theirs.out_proj = layer.o_proj
hidden = ~mask  # here True means hidden
by_torch, _ = theirs(x, x, x, attn_mask=hidden, need_weights=False)

print("piece by piece: ", torch.allclose(ours, by_pieces, atol=1e-6))
print("PyTorch's layer:", torch.allclose(ours, by_torch, atol=1e-6))
