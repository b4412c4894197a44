import torch
from torch import nn
from torch.nn import functional as F


class Careless(nn.Module):
    def forward(self, x):
        return F.scaled_dot_product_attention(x, x, x, dropout_p=0.5)


torch.manual_seed(0)
layer = Careless().eval()
x = torch.randn(1, 4, 8)
print("twice the same:", torch.equal(layer(x), layer(x)))
