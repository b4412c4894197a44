import torch

from llm_book.nn.sliding_window import sliding_window_attention

parts = torch.randn(3, 1, 6, 1, 4).unbind()
for positions in ([-1, -1, 0, 1, 2, 3], [0, 1, 2, 0, 1, 2]):
    try:
        sliding_window_attention(*parts, torch.tensor(positions), 4)
        print(positions, "is fine")
    except ValueError as error:
        print(positions, error)
