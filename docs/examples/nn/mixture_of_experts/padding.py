import torch

from llm_book.nn.mixture_of_experts import TopKRouter, load_balancing_loss

torch.manual_seed(0)
router = TopKRouter(16, 8, 2)
tokens = torch.randn(2, 100, 16)
tokens[1, 10:] = tokens[1, 10]  # padding, the same everywhere
real = torch.ones(2, 100, dtype=torch.bool)
real[1, 10:] = False

_, experts, probabilities = router(tokens.flatten(0, 1))
everything = load_balancing_loss(probabilities, experts)
real_only = load_balancing_loss(probabilities, experts, real.flatten())
print(f"with padding {everything.item():.1f}")
print(f"without      {real_only.item():.1f}")
print("balanced     2.0")
