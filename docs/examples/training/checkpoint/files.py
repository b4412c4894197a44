import json
import tempfile

import torch
from safetensors import safe_open

from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.training.checkpoint import load_checkpoint, save_checkpoint
from llm_book.training.trainer import TrainingConfig, make_optimizer, train


class Words:
    def batch(self, i):
        words = torch.arange(9) + torch.tensor([[i], [i + 1]]) % 9
        return words[:, :-1], words[:, 1:]


torch.manual_seed(0)
model = GPT2(GPT2Config(vocab_size=20, context_length=8, dim=64, n_layers=2, n_heads=2))
config = TrainingConfig(n_steps=3)
optimizer = make_optimizer(model, config)
history = train(model, Words(), config, optimizer=optimizer)

with tempfile.TemporaryDirectory() as folder:
    path = save_checkpoint(folder, model, optimizer, history)
    print(path.name)
    for name in ("model", "optimizer"):
        file = path / f"{name}.safetensors"
        with safe_open(file, "pt") as content:
            keys = list(content.keys())
        print(f"  {file.name}: {len(keys)} tensors, such as {keys[-1]}")
    state = json.loads((path / "state.json").read_text())
    print("  state.json:", ", ".join(state))
    print("    first characters of the random numbers:", state["random"][0][:20])

    again = load_checkpoint(folder, model, optimizer)
    print(again.step, "steps done; still tied:", model.head.weight is model.embedding.token.weight)
