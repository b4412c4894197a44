import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
B, T, C, H = 1, 6, 8, 2
qkv_proj = nn.Linear(C, 3 * C)


def split(t):
    return t.unflatten(-1, (H, C // H)).transpose(1, 2)


def join(t):
    return t.transpose(1, 2).flatten(-2)


def split_by_view(t):
    return t.reshape(B, H, T, C // H)  # the same shape as from split


def join_by_view(t):
    return t.reshape(B, T, C)  # the same shape as from join


x = torch.randn(B, T, C)
changed = x.clone()
changed[:, 1] += 1
for splitting, joining in ((split, join), (split_by_view, join_by_view), (split, join_by_view)):
    results = []
    for tokens in (x, changed):
        queries, keys, values = map(splitting, qkv_proj(tokens).chunk(3, -1))
        mixed = F.scaled_dot_product_attention(queries, keys, values, is_causal=True)
        results.append(joining(mixed))
    differs = (results[0] != results[1]).any(-1)[0].nonzero().flatten().tolist()
    print(f"{splitting.__name__}, {joining.__name__}: token 1 changes the results of {differs}")
