import torch

from llm_book.nn.grouped_query_attention import GroupedQueryAttention

torch.manual_seed(0)
x, positions = torch.randn(1, 50, 1024), torch.arange(50)
right = GroupedQueryAttention(1024, 16, 8, head_dim=128)
wrong = GroupedQueryAttention(1024, 16, 8, head_dim=128, scale=(1024 / 16) ** -0.5)
for layer in (right, wrong):
    layer.q_proj.weight.data.mul_(3)  # so that attention has something to choose
    layer.k_proj.weight.data.mul_(3)
wrong.load_state_dict(right.state_dict())  # everything fits

a, b = right(x, positions), wrong(x, positions)
print("same shape:", a.shape == b.shape)
print(f"off by {((b - a).norm() / a.norm()).item():.0%} of its size")
