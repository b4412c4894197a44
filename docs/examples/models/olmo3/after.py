import torch

from llm_book.models.olmo3 import Olmo3, Olmo3Config

config = Olmo3Config(
    vocab_size=100, dim=64, n_layers=32, n_heads=4, n_kv_heads=4, hidden_dim=128, window=16,
    global_layers=tuple(range(3, 32, 4)),
)  # fmt: skip
torch.manual_seed(0)
blocks = Olmo3(config).blocks
for name, parameter in blocks.named_parameters():
    if "norm" not in name:
        torch.nn.init.normal_(parameter, std=parameter.shape[1] ** -0.5)

print("stream after block 3     4    32   likeness of 4 and 32")
for loudness in (1, 10, 100):
    for matrix in (blocks[3].attention.o_proj, blocks[3].feed_forward.down_proj):
        torch.nn.init.normal_(matrix.weight, std=loudness * matrix.in_features**-0.5)
    x = torch.randn(1, 64, 64, generator=torch.Generator().manual_seed(0))
    streams = []
    with torch.no_grad():
        for block in blocks:
            x = block(x, torch.arange(64))
            streams.append(x)
    sizes = [streams[i].square().mean().sqrt().item() for i in (2, 3, 31)]
    alike = torch.cosine_similarity(streams[3], streams[31], -1).mean().item()
    print(f"block 4 ×{loudness:3}  ", *(f"{size:5.1f}" for size in sizes), f"{alike:13.1f}")
