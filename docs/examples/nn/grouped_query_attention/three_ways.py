import torch
from torch.nn import functional as F

torch.manual_seed(0)
H, K, S, D = 32, 8, 1000, 128
queries = torch.randn(1, H, 1, D)  # of one token
keys, values = torch.randn(2, 1, K, S, D)

# 1. Copy each key-value head for the four queries of its group.
many = [x.repeat_interleave(H // K, dim=1) for x in (keys, values)]
copied = F.scaled_dot_product_attention(queries, *many)

# 2. Let PyTorch find the head that belongs to a query.
shared = F.scaled_dot_product_attention(queries, keys, values, enable_gqa=True)

# 3. Four queries that meet the same keys are a matrix of four rows.
groups = queries.view(1, K, H // K, D)
joined = F.scaled_dot_product_attention(groups, keys, values).view(1, H, 1, D)

for other in (shared, joined):
    print("same numbers:", torch.allclose(copied, other, atol=1e-5))
print(f"in the cache: {keys.nbytes + values.nbytes:12,} bytes")
print(f"first copied: {sum(x.nbytes for x in many):12,} bytes")
