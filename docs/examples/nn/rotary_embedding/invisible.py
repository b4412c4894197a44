import torch

from llm_book.nn.rotary_embedding import RotaryEmbedding, llama3_scaling

torch.manual_seed(0)
x = torch.randn(1, 1, 1, 128)
scaled = RotaryEmbedding(128, 500_000.0, scaling=llama3_scaling(8, 8192))
plain = RotaryEmbedding(128, 500_000.0)
for position in (5, 50, 500, 5000, 50_000):
    place = torch.tensor([position])
    error = (plain(x, place) - scaled(x, place)).abs().max()
    print(f"position {position:6,}: off by {error:.2f}")
