import torch

from llm_book.nn.rotary_embedding import RotaryEmbedding

torch.manual_seed(0)
q, k = torch.randn(2, 1, 6, 1, 64).unbind()


def scores(positions, *, interleaved):
    rotary = RotaryEmbedding(64, interleaved=interleaved)
    turned = (rotary(x, positions)[0, :, 0] for x in (q, k))
    return next(turned) @ next(turned).T / 8


places = torch.arange(6)
for name, layout in (("halves", False), ("interleaved", True)):
    here, there = (scores(p, interleaved=layout) for p in (places, places + 50))
    print(f"{name:11} moved by 50: change {(here - there).abs().max():.2f}")

other = scores(places, interleaved=False) - scores(places, interleaved=True)
print(f"one read as the other: change {other.abs().max():.2f}")
