import torch
from torch import nn

from llm_book.training.loss import next_token_loss
from llm_book.training.trainer import TrainingConfig, train


class Spoiled:
    """Good batches, and one with a token whose vector is damaged."""

    def batch(self, step):
        return torch.full((2, 4), 9 if step == 3 else step % 3), torch.ones(2, 4).long()


def damaged():
    torch.manual_seed(0)
    model = nn.Embedding(10, 10)
    model.weight.data[9] = torch.inf
    return nn.Sequential(model, nn.Linear(10, 10))


model = damaged()
optimizer = torch.optim.AdamW(model.parameters())
for step in range(6):
    inputs, targets = Spoiled().batch(step)
    loss = next_token_loss(model(inputs), targets)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print("naive: loss", loss.item(), "and weights", model[1].weight[0, 0].item())

model = damaged()
try:
    train(model, Spoiled(), TrainingConfig(n_steps=6))
except FloatingPointError as error:
    print("ours: ", error)
print("       weights finite:", model[1].weight.isfinite().all().item())
