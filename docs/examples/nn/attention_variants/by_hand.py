import torch
from torch.nn import functional as F

from llm_book.nn.attention_variants import Running

#                       The  fox found  jam    it  grinned
keys = torch.tensor([[1.0, 3.0, 2.0, 2.0, 12.0, 4.0]]).log().T  # (6, 1)
values = torch.tensor([[6.0, 2.0, 4.0, 2.0, 4.0, 6.0]]).T  # (6, 1)
query = torch.ones(1, 1)  # of the last word

running = Running.start(query)
for k, v in zip(keys.split(2), values.split(2), strict=True):
    running = running.take_in(query @ k.T, v)
    print([round(number.item(), 4) for number in running])

print(round((running.mixed / running.total).item(), 4))
print(round(((query @ keys.T).softmax(-1) @ values).item(), 4))
print(round(F.scaled_dot_product_attention(query, keys, values).item(), 4))
