import torch
from torch.nn import functional as F

from llm_book.nn.self_attention import causal_mask

torch.manual_seed(0)
queries, keys, values = torch.randn(3, 1, 6, 4)  # (B, S, D)
whole = F.scaled_dot_product_attention(queries, keys, values, is_causal=True)

last = queries[:, 5:]  # a new token, and the keys of all six
flag = F.scaled_dot_product_attention(last, keys, values, is_causal=True)
mask = causal_mask(torch.tensor([5]), torch.arange(6))
ours = F.scaled_dot_product_attention(last, keys, values, attn_mask=mask)

print("with a mask, as in the whole:  ", torch.allclose(ours, whole[:, 5:]))
print("with is_causal, as in the whole:", torch.allclose(flag, whole[:, 5:]))
print("with is_causal, the first value:", torch.allclose(flag, values[:, :1]))
