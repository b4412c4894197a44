import torch

from llm_book.models.gemma3 import Gemma3, Gemma3Config

config = Gemma3Config(
    vocab_size=1000, dim=640, n_layers=1, n_heads=1, n_kv_heads=1, hidden_dim=8,
    global_layers=(), head_dim=4,
)  # fmt: skip
torch.manual_seed(0)
model = Gemma3(config)
torch.nn.init.normal_(model.embedding.weight, std=640**-0.5)  # rows of length 1
tokens = torch.randint(1000, (1, 50))
rows = model.embedding(tokens)
stream = model.embed(tokens, torch.arange(50))
logits = model.head(torch.randn(1, 50, 640))  # a normalized token: numbers of size 1
for name, numbers in (("rows", rows), ("stream", stream), ("logits", logits)):
    print(f"{name:6} {numbers.std().item():.2f}")
for dim in (640, 1152, 2560, 5376):
    factor = torch.tensor(dim**0.5)
    print(f"√{dim} = {factor:.3f}, in bfloat16 {factor.bfloat16():.3f}")
