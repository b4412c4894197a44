import torch

from llm_book.nn.multi_head_attention import MultiHeadAttention

# The, fox, found, jam, it, grinned: acts, has fur, happens, is sweet
x = [(0, 0, 0, 0), (2, 2, 0, 0), (0, 0, 1, 0), (-1, -1, 0, 2), (1, 0, 0, 0), (1, 0, 1, 0)]
x = torch.tensor([x], dtype=torch.float32)  # (1, 6, 4)

acts, fur, happens, sweet, zero = *torch.eye(4), torch.zeros(4)
layer = MultiHeadAttention(dim=4, n_heads=2, bias=False)
rows = [2**0.5 * happens, zero, 2**0.5 * happens, zero]  # queries: head 1, head 2
rows += [acts, zero, sweet, zero]  # keys: who? about what?
rows += [acts, fur, sweet, happens]  # values
layer.load_state_dict({"qkv_proj.weight": torch.stack(rows), "o_proj.weight": torch.eye(4)})

joined = layer(x, torch.arange(6))[0, 5]
print("grinned, head 1:", [round(number, 2) for number in joined[:2].tolist()])
print("grinned, head 2:", [round(number, 2) for number in joined[2:].tolist()])
