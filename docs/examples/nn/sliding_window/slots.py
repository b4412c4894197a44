import torch

from llm_book.nn.rotary_embedding import RotaryEmbedding

torch.manual_seed(0)
window, rotary = 4, RotaryEmbedding(16)
queries, keys = torch.randn(2, 1, 10, 1, 16).unbind()


def scores(t, places):
    """Scores of token t with its window, each turned by its place."""
    seen = torch.arange(max(0, t - window + 1), t + 1)
    q = rotary(queries[:, t : t + 1], places[t : t + 1])[0, :, 0]
    k = rotary(keys[:, seen], places[seen])[0, :, 0]
    return q @ k.T / 4


positions = torch.arange(10)
for t in (2, 3, 4, 5, 6, 7):
    change = scores(t, positions % window) - scores(t, positions)
    print(f"token {t}: counted by slots, the scores are off by {change.abs().max():.2f}")
