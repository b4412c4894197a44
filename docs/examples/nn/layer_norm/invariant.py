import torch

from llm_book.nn.layer_norm import LayerNorm

norm = LayerNorm(3)
x = torch.tensor([2.0, 4.0, 9.0])
for token in (x, x + 100, 1000 * x, -x):
    print(norm(token).detach().numpy().round(3))
