import torch
from torch.nn import functional as F

from llm_book.nn.self_attention import attend, causal_mask

torch.manual_seed(0)
queries, keys, values = torch.randn(3, 6, 4)

last = F.scaled_dot_product_attention(queries[-1:], keys, values, is_causal=True)
print(torch.equal(last, values[:1]))

mask = causal_mask(torch.tensor([5]), torch.arange(6))
right = F.scaled_dot_product_attention(queries[-1:], keys, values, attn_mask=mask)
print(torch.allclose(right, attend(queries[-1:], keys, values)))
