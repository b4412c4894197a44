import torch
from torch.nn import functional as F

from llm_book.nn.gated_feed_forward import GatedFeedForward

layer = GatedFeedForward(2, 2)
layer.gate_proj.weight.data = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])  # a, -a
layer.up_proj.weight.data = torch.tensor([[0.0, 1.0], [0.0, -1.0]])  # b, -b
layer.down_proj.weight.data = torch.tensor([[1.0, 1.0], [0.0, 0.0]])  # their sum

for a, b in ((2.0, 3.0), (-0.5, 4.0), (100.0, 7.0)):
    x = torch.tensor([a, b])
    gate = [F.silu(torch.tensor(number)).item() for number in (a, -a)]
    by_hand = gate[0] * b + gate[1] * -b
    print(a, "times", b, "is", round(by_hand, 3), round(layer(x)[0].item(), 3))
