import torch
from torch.nn import functional as F

from llm_book.nn.multi_head_attention import MultiHeadAttention

width, positions = 16, torch.arange(3)  # who, what, and the one that asks
place = F.one_hot(positions, width).float()
for n_heads in (1, 2):
    torch.manual_seed(0)
    layer = MultiHeadAttention(2 * width, n_heads)
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.02)
    for _ in range(200):
        words = torch.randn(64, 3, width)
        x = torch.cat((words, place.expand(64, 3, width)), -1)  # (64, 3, C)
        answer = words[:, :2].flatten(1)  # who and what, (64, C)
        loss = F.mse_loss(layer(x, positions)[:, 2], answer)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    n_weights = sum(weight.numel() for weight in layer.parameters())
    print(f"{n_heads} head(s), {n_weights:,} weights: {loss.item():.1f} of the answer is lost")
