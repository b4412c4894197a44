import tempfile

import torch

from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.training import checkpoint
from llm_book.training.trainer import TrainingConfig, make_optimizer, train


class Words:
    def batch(self, i):
        generator = torch.Generator().manual_seed(i)
        words = torch.arange(9) + torch.randint(9, (4, 1), generator=generator)
        return words[:, :-1], words[:, 1:]


sizes = GPT2Config(vocab_size=20, context_length=8, dim=16, n_layers=2, n_heads=2, dropout=0.1)
config = TrainingConfig(n_steps=12, learning_rate=1e-2, warmup_steps=5)


def make(seed):
    torch.manual_seed(seed)
    model = GPT2(sizes)
    return model, make_optimizer(model, config)


with tempfile.TemporaryDirectory() as folder:
    model, optimizer = make(seed=0)

    def save(history):
        if history.step == 6:
            checkpoint.save_checkpoint(folder, model, optimizer, history)

    history = train(model, Words(), config, optimizer=optimizer, on_step=save)

    for forgotten in ("nothing", "optimizer", "random numbers", "step"):
        other, its_optimizer = make(seed=1)
        resumed = checkpoint.load_checkpoint(folder, other, its_optimizer)
        if forgotten == "optimizer":
            its_optimizer = make_optimizer(other, config)
        if forgotten == "random numbers":
            torch.manual_seed(1)
        if forgotten == "step":
            resumed.losses.clear()
        train(other, Words(), config, optimizer=its_optimizer, history=resumed)
        pairs = zip(model.parameters(), other.parameters(), strict=True)
        n_equal = sum(int((ours == theirs).sum()) for ours, theirs in pairs)
        share = n_equal / sum(weight.numel() for weight in model.parameters())
        print(f"forgotten: {forgotten:14}  equal weights: {share:4.0%}")
