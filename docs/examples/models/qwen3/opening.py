import torch

from llm_book.nn.rms_norm import RMSNorm

torch.manual_seed(0)
queries, keys = torch.randn(2, 100, 128)  # 100 tokens, a head of width 128
norm = RMSNorm(128)
for growth in (1, 2, 4, 8):
    for name, one, other in (
        ("as they are", growth * queries, growth * keys),
        ("normalized", norm(growth * queries), norm(growth * keys)),
    ):
        weights = (one @ other.T * 128**-0.5).softmax(-1)
        favorite = weights.max(-1).values.mean().item()
        slope = (weights * (1 - weights)).sum(-1).mean().item()
        print(f"times {growth}, {name:11}: favorite {favorite:4.0%}, slope {slope:.2f}")
