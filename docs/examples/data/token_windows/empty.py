from torch.utils.data import DataLoader

from llm_book.data.token_windows import TokenWindows, make_loader

tokens, length = list(range(8)), 8
starts = range(0, len(tokens) - length, length)
windows = [tokens[start : start + length + 1] for start in starts]
loader = DataLoader(windows, batch_size=4)
print("ten epochs,", sum(1 for epoch in range(10) for batch in loader), "batches")

for wrong in (
    lambda: TokenWindows(tokens, context_length=8, stride=8),
    lambda: make_loader(range(30), context_length=4, batch_size=8, drop_last=True),
):
    try:
        wrong()
    except ValueError as error:
        print(error)
