import math

import torch

from llm_book.nn.rotary_embedding import RotaryEmbedding

x = torch.tensor([3.0, 0.0, 4.0, 10.0])  # the pairs (3, 4) and (0, 10)

first = 3 * math.cos(2) - 4 * math.sin(2), 4 * math.cos(2) + 3 * math.sin(2)
second = -10 * math.sin(0.2), 10 * math.cos(0.2)
by_hand = [first[0], second[0], first[1], second[1]]

rotary = RotaryEmbedding(4, theta=100.0)  # frequencies 1 and 0.1
ours = rotary(x.reshape(1, 1, 1, 4), torch.tensor([2])).flatten()

pairs = torch.complex(x[:2], x[2:])
turned = pairs * torch.polar(torch.ones(2), 2 * torch.tensor([1.0, 0.1]))
by_torch = torch.cat((turned.real, turned.imag))

for numbers in (by_hand, ours.tolist(), by_torch.tolist()):
    print([round(number, 3) for number in numbers])
