import torch

# The, fox, found, jam, it, grinned
x = [(0, 0, 0), (2, 2, 0), (0, 0, 1), (-1, -1, 0), (1, 0, 0), (1, 0, 1)]
x = torch.tensor(x, dtype=torch.float32)
scores = x @ x.T  # (T, T)
weights = scores.softmax(-1)
mixed = weights @ x  # (T, 3)
print("it looks at", [round(share, 2) for share in weights[4].tolist()])
print("it becomes ", [round(number, 2) for number in mixed[4].tolist()])

chinese = [1, 2, 3, 0, 4, 5]  # 狐狸 找到 果酱 ， 它 笑了
weights = (x[chinese] @ x[chinese].T).softmax(-1)
print("它 looks at", [round(share, 2) for share in weights[4].tolist()])
