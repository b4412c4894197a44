import torch

from llm_book.nn.rotary_embedding import RotaryEmbedding

torch.manual_seed(0)
queries, keys = torch.randn(2, 1, 8, 1, 64).unbind()
rotary, places = RotaryEmbedding(64), torch.arange(8)


def scores(positions):
    q, k = (rotary(x, positions)[0, :, 0] for x in (queries, keys))
    return q @ k.T / 8


expected = scores(places)
for name, positions in (
    ("moved by 1", places + 1),
    ("moved by 10,000", places + 10_000),
    ("moved by -5", places - 5),
    ("twice as far apart", 2 * places),
):
    change = (scores(positions) - expected).abs().max()
    print(f"{name:18} scores change by {change:.2f}")
