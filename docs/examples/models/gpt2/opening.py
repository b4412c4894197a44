import torch
from torch import nn

from llm_book.models.gpt2 import GPT2, GPT2Block, GPT2Config


class NoShortcut(GPT2Block):
    """Hand on what each part makes, and add nothing."""

    def forward(self, x, positions, cache=None):
        x = self.attention(self.attention_norm(x), positions, cache)
        return self.feed_forward(self.feed_forward_norm(x))


sizes = {"dim": 32, "n_layers": 6, "n_heads": 2}
config = GPT2Config(vocab_size=50, context_length=9, **sizes)
torch.manual_seed(0)
tokens = torch.randint(50, (4, 9))
targets = tokens[:, 1:]
counts = torch.bincount(targets.flatten()).float()
guess = torch.distributions.Categorical(counts)
print("guessing by frequency:", round(guess.entropy().item(), 1))
for block in (NoShortcut, GPT2Block):
    torch.manual_seed(0)
    model = GPT2(config)
    model.blocks = nn.ModuleList(block(config) for _ in range(config.n_layers))
    model.reset_parameters()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(31):
        logits = model(tokens[:, :-1])
        loss = nn.functional.cross_entropy(logits.mT, targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(round(loss.item(), 1))
    print(block.__name__, losses[::10])
