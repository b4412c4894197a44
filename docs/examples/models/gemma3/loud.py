import torch

from llm_book.models.gemma3 import Gemma3Block, Gemma3Config
from llm_book.models.qwen3 import Qwen3Block, Qwen3Config
from llm_book.nn.rotary_embedding import RotaryEmbedding

sizes = {
    "dim": 64, "n_layers": 1, "n_heads": 4, "n_kv_heads": 2, "head_dim": 16, "hidden_dim": 256,
}  # fmt: skip
rotary = RotaryEmbedding(16)
torch.manual_seed(0)
blocks = {
    "Qwen3": Qwen3Block(Qwen3Config(**sizes), rotary, sparse=False),
    "Gemma 3": Gemma3Block(Gemma3Config(**sizes, global_layers=()), rotary, window=8),
}
x, positions = torch.randn(1, 16, 64), torch.arange(16)

for loudness in (1, 10, 100):
    for name, block in blocks.items():
        for matrix in (block.attention.o_proj, block.feed_forward.down_proj):
            std = loudness * matrix.in_features**-0.5
            torch.nn.init.normal_(matrix.weight, std=std)
        with torch.no_grad():
            added = block(x, positions) - x
        size = added.square().mean().sqrt().item()
        print(f"{loudness:3} times as loud: {name:7} adds {size:5.1f}")
