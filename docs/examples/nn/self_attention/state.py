import torch
from torch import nn

from llm_book.nn.self_attention import CausalSelfAttention


class WithMask(CausalSelfAttention):
    def __init__(self, dim, head_dim):
        super().__init__(dim, head_dim)
        self.register_buffer("mask", torch.ones(1024, 1024).tril())


for kind in (WithMask, CausalSelfAttention):
    layers = nn.ModuleList([kind(768, 64) for _ in range(12)])  # the sizes of GPT-2
    kept = layers.state_dict()
    masks = sum(tensor.nbytes for name, tensor in kept.items() if name.endswith("mask"))
    print(f"{kind.__name__}: {len(kept)} tensors, {masks:,} bytes of masks")
