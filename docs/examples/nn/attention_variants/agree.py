import torch

from llm_book.nn.attention_variants import VARIANTS
from llm_book.nn.multi_head_attention import MultiHeadAttention

torch.manual_seed(0)
layer = MultiHeadAttention(48, 4)
x = torch.randn(2, 300, 48)


def result_and_gradient(variant):
    layer.zero_grad()
    mixed = variant(layer, x)
    mixed.square().sum().backward()
    return mixed, layer.qkv_proj.weight.grad


expected = result_and_gradient(lambda layer, x: layer(x, torch.arange(300)))
for name, variant in VARIANTS.items():
    if name not in ("FlexAttention", "compiled"):  # these need a C++ compiler
        pairs = zip(result_and_gradient(variant), expected, strict=True)
        print(f"{name:30}", *(torch.allclose(a, b, 1e-4, 1e-4) for a, b in pairs))
