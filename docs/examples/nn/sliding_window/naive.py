import torch

from llm_book.nn.sliding_window import sliding_window_attention

torch.manual_seed(0)
queries, keys, values = torch.randn(3, 1, 10, 1, 8).unbind()
window, expected = 4, []
for t in range(10):
    seen = slice(max(0, t - window + 1), t + 1)
    scores = queries[0, t, 0] @ keys[0, seen, 0].T / 8**0.5
    expected.append(scores.softmax(-1) @ values[0, seen, 0])

ours = sliding_window_attention(queries, keys, values, torch.arange(10), window)
print(f"off by {(ours[0, :, 0] - torch.stack(expected)).abs().max():.3f}")
