import torch

from llm_book.models.olmo3 import Olmo3, Olmo3Config
from llm_book.nn.self_attention import causal_mask

config = Olmo3Config(
    vocab_size=100, dim=64, n_layers=32, n_heads=4, n_kv_heads=4, hidden_dim=128,
    global_layers=tuple(range(32)),
)  # fmt: skip
torch.manual_seed(0)
blocks = Olmo3(config).blocks
for name, parameter in blocks.named_parameters():
    if "norm" not in name:
        torch.nn.init.normal_(parameter, std=parameter.shape[1] ** -0.5)


def look(name, queries, keys):
    scores = torch.einsum("bthd,bshd->bhts", queries, keys) / 16**0.5
    weights = scores.masked_fill(~mask, float("-inf")).softmax(-1)
    largest = weights[0, :, -1].amax(-1).mean()  # what the last of 64 tokens gives to one
    print(f"block {layer:2}, {name:11} scores ±{scores.std():4.0f}, largest weight {largest:.1f}")


x, positions = torch.randn(1, 64, 64), torch.arange(64)
mask = causal_mask(positions, positions)
with torch.no_grad():
    for layer, block in enumerate(blocks, 1):
        if layer in (1, 8, 32):
            part = block.attention
            queries = part.q_proj(x).unflatten(-1, part.q_shape)
            keys = part.k_proj(x).unflatten(-1, part.kv_shape)
            look("normalized:", part.q_norm(queries), part.k_norm(keys))
            look("not:", queries, keys)
        x = block(x, positions)
