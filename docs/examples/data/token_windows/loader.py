from llm_book.data.token_windows import make_loader

loader = make_loader(range(30), context_length=4, batch_size=3, shuffle=False)
for inputs, _ in loader:
    print(inputs.tolist())

loader = make_loader(range(30), context_length=4, batch_size=3)
for epoch in range(3):
    print("epoch", epoch, [inputs[:, 0].tolist() for inputs, _ in loader])
