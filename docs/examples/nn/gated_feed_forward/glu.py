import torch
from torch.nn import functional as F

from llm_book.nn.gated_feed_forward import GatedFeedForward

torch.manual_seed(0)
x, layer = torch.randn(3, 6), GatedFeedForward(6, 10, activation=torch.sigmoid)

both = torch.cat((layer.up_proj(x), layer.gate_proj(x)), -1)
by_torch = F.linear(F.glu(both), layer.down_proj.weight)
print("F.glu:", torch.allclose(layer(x), by_torch, atol=1e-6))

gates, numbers = F.sigmoid(layer.gate_proj(x)), layer.up_proj(x)
one_by_one = torch.zeros(3, 6)
for i in range(10):
    passed = gates[:, i] * numbers[:, i]
    one_by_one += torch.outer(passed, layer.down_proj.weight[:, i])
print("one by one:", torch.allclose(layer(x), one_by_one, atol=1e-6))
