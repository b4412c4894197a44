import torch

from llm_book.nn.gated_feed_forward import GatedFeedForward
from llm_book.nn.mixture_of_experts import MixtureOfExperts, TopKRouter

torch.manual_seed(0)
experts = [GatedFeedForward(64, 24) for _ in range(128)]
x = torch.randn(100, 64)
for normalize in (True, False):
    torch.manual_seed(1)
    router = TopKRouter(64, 128, 8, normalize=normalize)
    shares = router(x).weights.sum(-1).mean().item()
    size = MixtureOfExperts(router, experts)(x).norm().item()
    print(
        f"normalize={normalize!s:5}: eight shares are {shares:.2f}, the result has size {size:.1f}"
    )
