import signal

import torch
from torch import nn

from llm_book.training.trainer import TrainingConfig, make_optimizer

torch.manual_seed(0)
model = nn.Sequential(*(nn.Linear(4, 4, bias=False) for _ in range(4)))
optimizer = make_optimizer(model, TrainingConfig(n_steps=1, learning_rate=0.1))
before = [weight.detach().clone() for weight in model.parameters()]
model(torch.ones(1, 4)).sum().backward()

update, done = optimizer._update, []


def update_some(*arguments):
    if len(done) == 2:
        signal.raise_signal(signal.SIGINT)  # what Ctrl+C sends
    update(*arguments)
    done.append(1)


optimizer._update = update_some
try:
    optimizer.step()
except KeyboardInterrupt:
    pairs = zip(before, model.parameters(), strict=True)
    print("changed:", [bool((old != new).any()) for old, new in pairs])
