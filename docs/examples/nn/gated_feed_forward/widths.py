import torch

from llm_book.exercises.nn.gated_feed_forward_solution import gated_hidden_dim
from llm_book.nn.feed_forward import FeedForward
from llm_book.nn.gated_feed_forward import GatedFeedForward

dim = 4096
with torch.device("meta"):  # shapes without numbers
    networks = {
        "plain, 4 C": FeedForward(dim, 4 * dim, bias=False),
        "gated, 4 C": GatedFeedForward(dim, 4 * dim),
        "gated, 8 C / 3": GatedFeedForward(dim, gated_hidden_dim(dim)),
    }
for name, network in networks.items():
    count = sum(parameter.numel() for parameter in network.parameters())
    width = network.up_proj.out_features
    print(f"{name:14} F = {width:6,} {count:11,} parameters")
