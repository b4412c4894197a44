import torch
from torch.utils.flop_counter import FlopCounterMode

from llm_book.models.causal_lm import count_parameters
from llm_book.nn.gated_feed_forward import GatedFeedForward
from llm_book.nn.mixture_of_experts import MixtureOfExperts, TopKRouter

token = torch.randn(1, 1024)
for n_experts in (2, 8, 64):
    experts = [GatedFeedForward(1024, 512) for _ in range(n_experts)]
    layer = MixtureOfExperts(TopKRouter(1024, n_experts, 1), experts)
    with FlopCounterMode(display=False) as counter:
        layer(token)
    work = counter.get_total_flops() // 2
    print(f"{count_parameters(layer):11,} parameters, {work:11,} multiplications")
