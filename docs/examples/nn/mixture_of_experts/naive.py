import torch
from torch.utils.flop_counter import FlopCounterMode

from llm_book.nn.gated_feed_forward import GatedFeedForward
from llm_book.nn.mixture_of_experts import MixtureOfExperts, TopKRouter

torch.manual_seed(0)
x = torch.randn(100, 32)  # (N, C)
layer = MixtureOfExperts(TopKRouter(32, 8, 2), (GatedFeedForward(32, 16) for _ in range(8)))
weights, experts, probabilities = layer.router(x)


def run_all():
    """All experts on all tokens, most of them times 0."""
    table = torch.zeros_like(probabilities).scatter(1, experts, weights)  # (N, E)
    return sum(table[:, e : e + 1] * expert(x) for e, expert in enumerate(layer.experts))


def run_chosen():
    """Each expert on the tokens that chose it."""
    mixed = torch.zeros_like(x)
    for e, expert in enumerate(layer.experts):
        rows, places = (experts == e).nonzero(as_tuple=True)
        mixed[rows] += weights[rows, places, None] * expert(x[rows])
    return mixed


expected = run_all()
for name, way in (("all", run_all), ("chosen", run_chosen), ("layer", lambda: layer(x))):
    with FlopCounterMode(display=False) as counter:
        same = torch.allclose(way(), expected, atol=1e-6)
    print(f"{name:6} same {same}, {counter.get_total_flops() // 2:9,} multiplications")
