import torch
from torch.nn import functional as F

from llm_book.nn.grouped_query_attention import GroupedQueryAttention

queries = torch.tensor([1.0, 2.0, 1.0, 3.0])  # of the second token, four heads of width 1
keys = torch.tensor([[1.0, 3.0], [1.0, 2.0]]).log()  # two heads, two tokens
values = torch.tensor([[0.0, 20.0], [0.0, 9.0]])

layer = GroupedQueryAttention(4, n_heads=4, n_kv_heads=2, head_dim=1, scale=1.0)
layer.q_proj.weight.data[:, 1] = queries
layer.k_proj.weight.data[:, :2] = keys
layer.v_proj.weight.data[:, :2] = values
layer.o_proj.weight.data = torch.eye(4)
x = torch.eye(4)[None, :2]  # the tokens are one-hot, so the columns above are theirs
ours = layer(x, torch.arange(2))[0, 1]

loop = []
for h in range(4):
    k = h // 2  # heads 0 and 1 share keys and values, and so do 2 and 3
    loop.append((queries[h] * keys[k]).softmax(-1) @ values[k])

q, k, v = queries.view(1, 4, 1, 1), keys.view(1, 2, 2, 1), values.view(1, 2, 2, 1)
theirs = F.scaled_dot_product_attention(q, k, v, scale=1.0, enable_gqa=True)
for name, mixed in (("layer", ours), ("loop", torch.stack(loop)), ("torch", theirs)):
    print(f"{name:5}", [round(number, 3) for number in mixed.flatten().tolist()])
