import torch
from torch import nn

from llm_book.nn.multi_head_attention import MultiHeadAttention
from llm_book.nn.self_attention import CausalSelfAttention

torch.manual_seed(0)
B, T, C, H = 2, 6, 12, 3
x, positions = torch.randn(B, T, C), torch.arange(T)

heads = nn.ModuleList([CausalSelfAttention(C, C // H) for _ in range(H)])
o_proj = nn.Linear(C, C, bias=False)
slow = o_proj(torch.cat([head(x, positions) for head in heads], -1))  # (B, T, C)

fast = MultiHeadAttention(C, H, bias=False)
stacked = [head.q_proj.weight for head in heads]
stacked += [head.k_proj.weight for head in heads]
stacked += [head.v_proj.weight for head in heads]
fast.load_state_dict({"qkv_proj.weight": torch.cat(stacked), "o_proj.weight": o_proj.weight})
print(tuple(stacked[0].shape), "nine times, makes", tuple(fast.qkv_proj.weight.shape))
print("equal", torch.allclose(slow, fast(x, positions), atol=1e-6))
