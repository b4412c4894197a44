import torch
from torch.utils._python_dispatch import TorchDispatchMode

from llm_book.nn.attention_variants import VARIANTS
from llm_book.nn.multi_head_attention import MultiHeadAttention


class Largest(TorchDispatchMode):
    numbers = 0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        made = operation(*args, **(kwargs or {}))
        if isinstance(made, torch.Tensor):
            self.numbers = max(self.numbers, made.numel())
        return made


layer, x = MultiHeadAttention(64, 4), torch.randn(1, 2048, 64)
for name, variant in list(VARIANTS.items())[:7]:
    with Largest() as largest:
        variant(layer, x).sum().backward()
    print(f"{name:30} {largest.numbers:12,}")
