import torch

from llm_book.models.olmo3 import OLMO_3_7B
from llm_book.nn.rms_norm import RMSNorm

torch.manual_seed(0)
loudness = torch.tensor([0.5, 1.0, 2.0, 4.0])[:, None]
queries, keys = torch.randn(2, 1, 64, 4, 16) * loudness  # four heads, each louder

for name, norm in (("each head", RMSNorm(16)), ("all heads", RMSNorm((4, 16)))):
    with torch.no_grad():
        scores = torch.einsum("bthd,bshd->bhts", norm(queries), norm(keys)) / 16**0.5
    spread = [round(head.std().item(), 1) for head in scores[0]]
    print(f"{name}: scores ± {spread}, {norm.weight.numel()} weights")

heads, width = OLMO_3_7B.n_heads, OLMO_3_7B.dim // OLMO_3_7B.n_heads
print(f"7B, each head: no score above √{width} = {width**0.5:.1f}")
print(f"7B, all heads: no score above {heads} · √{width} = {heads * width**0.5:.0f}")
