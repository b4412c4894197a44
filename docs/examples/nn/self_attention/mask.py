import torch

from llm_book.nn.self_attention import causal_mask


def show(queries, keys, window=None):
    mask = causal_mask(torch.tensor(queries), torch.tensor(keys), window)
    for row in mask.int().tolist():
        print("   ", *row)


print("four tokens:")
show([0, 1, 2, 3], [0, 1, 2, 3])
print("one new token, the fifth, and all five keys:")
show([4], [0, 1, 2, 3, 4])
print("two of padding, then two tokens:")
show([-1, -1, 0, 1], [-1, -1, 0, 1])
print("a window of 2:")
show([0, 1, 2, 3], [0, 1, 2, 3], window=2)
