import random

from llm_book.data.token_windows import TokenWindows

for stride in (1, 2, 4):
    windows = TokenWindows(range(1001), 4, stride).windows.tolist()
    random.Random(0).shuffle(windows)
    cut = len(windows) * 9 // 10
    training, validation = windows[:cut], windows[cut:]
    seen = {token for window in training for token in window}
    tokens = [token for window in validation for token in window]
    met = sum(token in seen for token in tokens)
    print(f"stride {stride}: {met} of {len(tokens)} tokens were in training")
