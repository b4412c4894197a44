import torch

from llm_book.nn.layer_norm import LayerNorm

x = torch.tensor([2.0, 4.0, 9.0])
wrong = (x - x.mean()) / (x.std() + 1e-5)  # torch's std divides by C - 1
print(wrong.numpy().round(4), LayerNorm(3)(x).detach().numpy().round(4))
