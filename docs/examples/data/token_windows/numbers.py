from llm_book.data.token_windows import TokenWindows, make_loader

loader = make_loader(range(1001), context_length=4, batch_size=3)
inputs, targets = next(iter(loader))
print(inputs.tolist(), targets.tolist(), "", sep="\n")

print("stride  windows  predictions  tokens predicted  times each")
for stride in (1, 2, 4, 5, 8):
    rows = [y.tolist() for _, y in TokenWindows(range(1001), 4, stride)]
    predictions = 4 * len(rows)
    distinct = len({token for row in rows for token in row})
    times = predictions / distinct
    print(f"{stride:6}{len(rows):9}{predictions:13}{distinct:18}{times:12.2f}")
