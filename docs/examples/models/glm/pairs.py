import torch

from llm_book.models.glm import Glm, GlmConfig
from llm_book.nn.rotary_embedding import RotaryEmbedding

sizes = {"vocab_size": 100, "dim": 64, "n_layers": 2, "n_heads": 4, "head_dim": 32}
torch.manual_seed(0)
model = Glm(GlmConfig(**sizes, hidden_dim=216))
for parameter in model.parameters():  # large enough for attention to choose
    if parameter.dim() == 2:
        torch.nn.init.normal_(parameter, std=parameter.shape[1] ** -0.5)
tokens = torch.randint(100, (1, 1024))
with torch.no_grad():
    right = model(tokens)
    for block in model.blocks:
        block.attention.rotary = RotaryEmbedding(16)  # the fault: halves
    difference = (model(tokens) - right).abs().amax(-1)[0]
for end in (1, 2, 8, 1024):
    print(f"first {end:4} tokens: logits differ by up to {difference[:end].max():.1f}")
