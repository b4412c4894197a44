import torch

from llm_book.nn.rms_norm import RMSNorm

for size in (1.0, 0.01, 0.001):
    token = size * torch.tensor([0.2, 1.0, 1.4])  # its root mean square is `size`
    found = [RMSNorm(3, eps)(token)[1].item() for eps in (1e-6, 1e-5)]
    print(f"size {size:5}: middle number", *(f"{number:.3f}" for number in found))
