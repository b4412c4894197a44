import torch

x = torch.tensor([1.0, 2.0, 3.0, 4.0])  # four rows of one number
target = torch.tensor([2.0, 2.0, 2.0, 2.0])


def gradient(rows):
    w = torch.tensor(1.0, requires_grad=True)
    ((w * x[rows] - target[rows]) ** 2).mean().backward()
    return w.grad.item()


first, second = gradient(slice(0, 2)), gradient(slice(2, 4))
print("each row  ", [gradient(slice(i, i + 1)) for i in range(4)])
print("two halves", first, "and", second)
print("their mean", (first + second) / 2)
print("all rows  ", gradient(slice(0, 4)))
