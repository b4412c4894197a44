import torch
from torch import nn

from llm_book.nn.mixture_of_experts import MixtureOfExperts, TopKRouter


class Times(nn.Module):
    """An expert that multiplies by a number."""

    def __init__(self, number):
        super().__init__()
        self.number = number

    def forward(self, x):
        return self.number * x


x = torch.ones(1, 1)  # one token of width 1
for normalize in (True, False):
    router = TopKRouter(1, 3, 2, normalize=normalize)
    rows = torch.tensor([[1.0], [3.0], [2.0]])
    router.weight.data = rows.log()  # probabilities 1/6, 3/6, 2/6
    layer = MixtureOfExperts(router, [Times(60), Times(10), Times(20)])
    weights, experts, _ = router(x)
    print("experts", experts[0].tolist())
    print("weights", [round(weight, 3) for weight in weights[0].tolist()])
    print("result ", round(layer(x).item(), 3))
