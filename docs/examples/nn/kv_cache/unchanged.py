import torch

from llm_book.nn.self_attention import CausalSelfAttention, SelfAttention

# The, fox, found, jam
x = torch.tensor([[(0, 0, 0), (2, 2, 0), (0, 0, 1), (-1, -1, 0)]]).float()

torch.manual_seed(0)
causal, sees_all = CausalSelfAttention(3, 3), SelfAttention(3, 3)
k_proj = torch.nn.Linear(3, 2)  # makes the keys of the second layer

for n in (3, 4):
    row = x[:, :n]
    mixed = {"causal": causal(row, torch.arange(n)), "sees all": sees_all(row)}
    for name, first_layer in mixed.items():
        fox = k_proj(row + first_layer)[0, 1]
        key = [round(number, 4) for number in fox.tolist()]
        print(f"{n} words, {name:8} key of fox: {key}")
