import torch

from llm_book.nn.multi_head_attention import MultiHeadAttention

torch.manual_seed(0)
attention = MultiHeadAttention(8, n_heads=1, bias=False)
positions = torch.arange(2)
x = torch.randn(1, 1, 8).expand(1, 2, 8)  # the same token twice

with torch.no_grad():
    once = attention(x, positions)
    doubled = attention(2 * x, positions)
print(torch.allclose(doubled, 2 * once, atol=1e-6))
