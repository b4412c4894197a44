import torch

from llm_book.nn.gated_feed_forward import GatedFeedForward

torch.manual_seed(0)
x, right = torch.randn(4, 16), GatedFeedForward(16, 40)
wrong = GatedFeedForward(16, 40)
wrong.gate_proj, wrong.up_proj = right.up_proj, right.gate_proj
wrong.down_proj = right.down_proj

size = right(x).square().mean().sqrt()
error = (right(x) - wrong(x)).square().mean().sqrt()
print(f"off by {error / size:.0%} of the size of the result")
