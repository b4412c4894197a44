import torch

from llm_book.nn.feed_forward import FeedForward
from llm_book.nn.gated_feed_forward import GatedFeedForward
from llm_book.nn.rms_norm import RMSNorm

torch.manual_seed(0)
x, norm = torch.randn(1, 64), RMSNorm(64)
networks = {"plain": FeedForward(64, 256, bias=False), "gated": GatedFeedForward(64, 170)}
for name, network in networks.items():
    for times in (10, 100, 1000):
        growth = network(times * x).norm() / network(x).norm()
        normed = network(norm(times * x)).norm() / network(norm(x)).norm()
        print(f"{name}: {times:5} x gives {growth:9.0f} x, normalized first {normed:.0f} x")
