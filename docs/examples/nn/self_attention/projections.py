import torch

words = ["The", "fox", "found", "jam", "it", "grinned"]
x = [(0, 0, 0), (2, 2, 0), (0, 0, 1), (-1, -1, 0), (1, 0, 0), (1, 0, 1)]
x = torch.tensor(x, dtype=torch.float32)

# what happens seeks what acts
ask_who = torch.tensor([[0, 0, 0], [0, 0, 0], [1, 0, 0.0]])
queries = x @ ask_who
print("found asks", queries[2].tolist())
weights = (queries @ x.T).softmax(-1)
for token in (1, 2):
    shares = [f"{words[j]} {weights[token, j]:.2f}" for j in range(6)]
    print(f"{words[token]}:", ", ".join(shares))
