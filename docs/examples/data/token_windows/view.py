from llm_book.data.token_windows import TokenWindows

windows = TokenWindows(range(1001), context_length=256, stride=1)
print(len(windows), "windows")
print(windows.windows.numel(), "numbers in them")
print(windows.windows.untyped_storage().nbytes() // 8, "numbers in memory")
