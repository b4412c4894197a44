import torch
from torch import nn

B, T, C, H = 2, 6, 768, 12  # the sizes of GPT-2 124M
shapes = {"x": torch.randn(B, T, C)}
qkv = shapes["qkv_proj(x)"] = nn.Linear(C, 3 * C)(shapes["x"])
split = shapes["unflatten"] = qkv.unflatten(-1, (3, H, C // H))
queries, keys, values = split.unbind(2)
shapes["unbind: queries"] = queries
queries, keys, values = (t.transpose(1, 2) for t in (queries, keys, values))
shapes["transpose: queries"] = queries
weights = shapes["weights"] = (queries @ keys.mT).softmax(-1)
mixed = shapes["mixed values"] = weights @ values
joined = shapes["transpose back"] = mixed.transpose(1, 2)
shapes["flatten"] = joined.flatten(-2)
for name, tensor in shapes.items():
    print(f"{name:18}", tuple(tensor.shape))
