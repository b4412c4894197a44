import io

import torch

from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.training.trainer import TrainingConfig, train


class Words:
    def batch(self, i):
        generator = torch.Generator().manual_seed(i)
        words = torch.arange(9) + torch.randint(9, (4, 1), generator=generator)
        return words[:, :-1], words[:, 1:]  # each number is followed by the next


sizes = GPT2Config(vocab_size=20, context_length=8, dim=16, n_layers=2, n_heads=2)
config = TrainingConfig(n_steps=60, learning_rate=3e-2)

torch.manual_seed(0)
model, file = GPT2(sizes), io.BytesIO()


def copy_weights(history):
    if history.step == 30:
        torch.save(model.state_dict(), file)


history = train(model, Words(), config, on_step=copy_weights)

file.seek(0)
stopped = GPT2(sizes)
stopped.load_state_dict(torch.load(file))
again = train(stopped, Words(), config)

for step in (1, 2, 3, 5):
    print(f"{step} steps on: {history.losses[30 + step]:.1f} or {again.losses[step]:.1f}")
