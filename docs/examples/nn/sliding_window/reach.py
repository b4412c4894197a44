import torch
from torch import nn

from llm_book.nn.grouped_query_attention import GroupedQueryAttention

torch.manual_seed(0)
window, length = 4, 16
x, positions = torch.randn(1, length, 12, requires_grad=True), torch.arange(length)
layers = nn.ModuleList(GroupedQueryAttention(12, 3, 3, window=window) for _ in range(5))

for n_layers in range(1, 6):
    y = x
    for layer in layers[:n_layers]:
        y = y + layer(y, positions)
    (gradient,) = torch.autograd.grad(y[0, -1].sum(), x)
    touched = (gradient[0] != 0).any(-1).nonzero().flatten()
    print(f"{n_layers} layers: token {length - 1} depends on token {touched.min()} and later")
