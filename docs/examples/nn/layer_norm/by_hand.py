import torch

from llm_book.nn.layer_norm import LayerNorm, layer_norm

x = torch.tensor([2.0, 4.0, 9.0])
print(x.mean().item(), round(((x - x.mean()) ** 2).mean().item(), 4))

one, zero = torch.ones(3), torch.zeros(3)
print(layer_norm(x, one, zero).numpy().round(4))
print(LayerNorm(3)(x).detach().numpy().round(4))
print(torch.nn.LayerNorm(3)(x).detach().numpy().round(4))
