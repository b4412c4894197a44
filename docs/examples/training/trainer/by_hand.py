import torch
from torch import nn

from llm_book.training.loss import IGNORED
from llm_book.training.trainer import TrainingConfig, evaluate_loss, train


class Guess(nn.Module):
    """One weight: how much more likely token 0 is than token 1."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, tokens):
        return torch.stack((self.weight.expand(tokens.shape), torch.zeros(tokens.shape)), -1)


class Data:
    """Batch 0 has three targets, batch 1 has one; where it says IGNORED there is none."""

    targets = (torch.tensor([[0, 0, 0]]), torch.tensor([[1, IGNORED, IGNORED]]))

    def batch(self, step):
        return torch.zeros(1, 3, dtype=torch.long), self.targets[step]


model, data = Guess(), Data()
print(f"loss before: {evaluate_loss(model, [data.batch(0), data.batch(1)]):.4f}")
optimizer = torch.optim.SGD(model.parameters())
config = TrainingConfig(n_steps=1, accumulate=2, learning_rate=1.0, clip_norm=0.1)
history = train(model, data, config, optimizer=optimizer)
print(f"loss of the step: {history.losses[0]:.4f}")
print(f"norm of the gradient: {history.gradient_norms[0]:.4f}")
print(f"weight: {model.weight.item():.4f}")
