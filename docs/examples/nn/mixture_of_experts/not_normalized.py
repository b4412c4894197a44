import torch

from llm_book.nn.gated_feed_forward import GatedFeedForward
from llm_book.nn.mixture_of_experts import MixtureOfExperts, TopKRouter

torch.manual_seed(0)
x = torch.randn(200, 64)
for n_experts in (4, 16, 64):
    router = TopKRouter(64, n_experts, 4)
    experts = [GatedFeedForward(64, 32) for _ in range(n_experts)]
    layer = MixtureOfExperts(router, experts)
    right = layer(x)
    router.normalize = False  # the file says norm_topk_prob: true
    wrong = layer(x)
    same = torch.cosine_similarity(right, wrong, -1).min() > 0.999
    size = (wrong.norm() / right.norm()).item()
    print(f"{n_experts:2} experts: same direction {same}, size {size:.1f}")
