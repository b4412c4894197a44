import torch

from llm_book.nn.rotary_embedding import RotaryEmbedding

x = torch.arange(1.0, 9.0).reshape(1, 1, 1, 8)
for name, rotary in {
    "all, halves": RotaryEmbedding(8),
    "all, neighbors": RotaryEmbedding(8, interleaved=True),
    "first 4, neighbors": RotaryEmbedding(4, interleaved=True),
}.items():
    turned = rotary(x, torch.tensor([3])).flatten()
    print(f"{name:19}", [round(number, 1) for number in turned.tolist()])
