import torch

from llm_book.nn.mixture_of_experts import TopKRouter, load_balancing_loss

torch.manual_seed(0)
x = torch.randn(1000, 16)
router = TopKRouter(16, 8, 2)
for start in ("random", "zeros"):
    if start == "zeros":
        router.weight.data.zero_()
    _, experts, probabilities = router(x)
    loss = load_balancing_loss(probabilities, experts)
    used = len(experts.unique())
    print(f"{start:6}: {used} experts used, loss {loss.item():.1f}")
