import torch

from llm_book.nn.rms_norm import RMSNorm

queries = torch.tensor([[3.0, 4.0], [30.0, 40.0]])  # two heads, the second louder
for shape in (2, (2, 2)):
    norm = RMSNorm(shape)
    result = [[round(n, 2) for n in head] for head in norm(queries).tolist()]
    print(f"RMSNorm({shape}):".ljust(16), result, norm.weight.numel(), "weights")
