tokens, length, stride = list(range(1001)), 4, 4
inputs, targets = [], []
for start in range(0, len(tokens) - length, stride):
    inputs.append(tokens[start : start + length])
    targets.append(tokens[start + 1 : start + length + 1])

print(inputs[:3])
print(targets[:3])
print(len(inputs), inputs[-1], targets[-1])
