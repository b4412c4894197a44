import torch

from llm_book.nn.layer_norm import LayerNorm
from llm_book.nn.rms_norm import RMSNorm

token = torch.tensor([1.0, 5.0, 7.0])
changes = {"x": token, "10 x": 10 * token, "-x": -token, "x + 100": token + 100}
for name, x in changes.items():
    results = [norm(x).tolist() for norm in (LayerNorm(3), RMSNorm(3))]
    print(f"{name:8}", *([round(number, 2) for number in r] for r in results))
