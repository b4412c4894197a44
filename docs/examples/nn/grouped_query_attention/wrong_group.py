import torch
from torch.nn import functional as F

queries = torch.tensor([1.0, 2.0, 1.0, 3.0]).view(1, 4, 1, 1)
keys = torch.tensor([[1.0, 3.0], [1.0, 2.0]]).log().view(1, 2, 2, 1)
values = torch.tensor([[0.0, 20.0], [0.0, 9.0]]).view(1, 2, 2, 1)


def attend(copies):
    k, v = (copies(x) for x in (keys, values))
    mixed = F.scaled_dot_product_attention(queries, k, v, scale=1.0)
    return [round(number, 1) for number in mixed.flatten().tolist()]


print("repeat_interleave", attend(lambda x: x.repeat_interleave(2, dim=1)))  # 0, 0, 1, 1
print("repeat           ", attend(lambda x: x.repeat(1, 2, 1, 1)))  # 0, 1, 0, 1

keys, values = keys[:, :1], values[:, :1]  # a test with a single key-value head
print("one head, interleaved", attend(lambda x: x.repeat_interleave(4, dim=1)))
print("one head, repeated   ", attend(lambda x: x.repeat(1, 4, 1, 1)))
