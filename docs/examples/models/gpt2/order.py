import torch
from torch import nn

from llm_book.models.gpt2 import GPT2, GPT2Block, GPT2Config


class PostNorm(GPT2Block):
    """Normalize the sum, as the first Transformer does."""

    def forward(self, x, positions, cache=None):
        x = self.attention_norm(x + self.attention(x, positions, cache))
        return self.feed_forward_norm(x + self.feed_forward(x))


torch.manual_seed(0)
sizes = {"dim": 32, "n_layers": 6, "n_heads": 2}
config = GPT2Config(vocab_size=50, context_length=16, **sizes)
right = GPT2(config)
for parameter in right.parameters():
    nn.init.normal_(parameter, std=0.3)
tokens = torch.randint(50, (1, 16))

post_norm = GPT2(config)
post_norm.blocks = nn.ModuleList(PostNorm(config) for _ in range(config.n_layers))
print("post-norm:", post_norm.load_state_dict(right.state_dict()))

no_norm = GPT2(config)
no_norm.load_state_dict(right.state_dict())
no_norm.norm = nn.Identity()

with torch.no_grad():
    expected = right(tokens)
    for name, model in (("post-norm", post_norm), ("no last norm", no_norm)):
        same = (model(tokens).argmax(-1) == expected.argmax(-1)).sum().item()
        print(f"{name}: {same} of 16 predictions are the same")
