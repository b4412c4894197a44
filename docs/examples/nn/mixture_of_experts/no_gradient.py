import torch

from llm_book.nn.gated_feed_forward import GatedFeedForward
from llm_book.nn.mixture_of_experts import MixtureOfExperts, TopKRouter

for n_active in (1, 2):
    for normalize in (True, False):
        torch.manual_seed(0)
        router = TopKRouter(16, 4, n_active, normalize=normalize)
        experts = [GatedFeedForward(16, 32) for _ in range(4)]
        layer = MixtureOfExperts(router, experts)
        layer(torch.randn(50, 16)).square().sum().backward()
        moved = router.weight.grad.abs().max().item() > 1e-5
        print(f"A = {n_active}, normalize={normalize}: router learns {moved}")
