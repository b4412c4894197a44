import torch

from llm_book.nn.sliding_window import sliding_window_attention

torch.manual_seed(0)
for length in (4, 8, 9, 100):
    parts = torch.randn(3, 1, length, 2, 16).unbind()
    positions = torch.arange(length)
    right, wrong = (sliding_window_attention(*parts, positions, w) for w in (8, 9))
    print(f"{length:3} tokens: off by {(right - wrong).abs().max():.2f}")
