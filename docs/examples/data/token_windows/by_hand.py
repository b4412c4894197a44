import numpy as np

from llm_book.data.token_windows import TokenWindows

tokens = [10, 11, 12, 13, 14, 15, 16]
for inputs, targets in TokenWindows(tokens, context_length=3, stride=2):
    print(inputs.tolist(), "->", targets.tolist())

windows = np.lib.stride_tricks.sliding_window_view(tokens, 3 + 1)[::2]
print(windows[:, :-1].tolist(), "->", windows[:, 1:].tolist())
