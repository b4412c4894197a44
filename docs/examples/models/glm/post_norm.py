import torch

from llm_book.models.glm import Glm, GlmConfig

sizes = {"vocab_size": 100, "dim": 64, "n_layers": 8, "n_heads": 4, "head_dim": 16}
positions = torch.arange(32)
tokens = torch.randint(100, (1, 32), generator=torch.Generator().manual_seed(0))
for post_norms in (False, True):
    for factor in (1, 10, 100):
        torch.manual_seed(0)
        model = Glm(GlmConfig(**sizes, hidden_dim=216, post_norms=post_norms))
        for name, parameter in model.named_parameters():
            if parameter.dim() == 2:
                torch.nn.init.normal_(parameter, std=parameter.shape[1] ** -0.5)
            if name.endswith(("o_proj.weight", "down_proj.weight")):
                parameter.data *= factor
        with torch.no_grad():
            x = model.embedding(tokens)
            for block in model.blocks:
                x = block(x, positions)
        size = x.square().mean().sqrt().item()
        print(f"norms behind: {post_norms!s:5}  weights x {factor:3}: size {size:.0f}")
