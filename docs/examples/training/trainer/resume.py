import torch

from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.training.trainer import History, TrainingConfig, make_optimizer, train


class Digits:
    """Batch `step` depends on nothing but its number."""

    def batch(self, step):
        windows = torch.randint(10, (4, 9), generator=torch.Generator().manual_seed(step))
        return windows[:, :-1], windows[:, 1:]


def start():
    torch.manual_seed(0)
    model = GPT2(GPT2Config(vocab_size=10, context_length=8, dim=16, n_layers=1, n_heads=2))
    return model, make_optimizer(model, config)


config = TrainingConfig(n_steps=20, learning_rate=1e-2, warmup_steps=5, accumulate=2)
model, optimizer = start()
expected = train(model, Digits(), config, optimizer=optimizer)


def unplug(history):
    if history.step == 12:
        raise KeyboardInterrupt


other, its_optimizer = start()
history = History()
try:
    train(other, Digits(), config, optimizer=its_optimizer, history=history, on_step=unplug)
except KeyboardInterrupt:
    print("stopped after", history.step)
train(other, Digits(), config, optimizer=its_optimizer, history=history)
pairs = zip(model.parameters(), other.parameters(), strict=True)
print("losses equal: ", history.losses == expected.losses)
print("weights equal:", all(torch.equal(ours, theirs) for ours, theirs in pairs))
