import json
import tempfile
from pathlib import Path

import torch

from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.pretrained.export import save_pretrained
from llm_book.pretrained.load import from_pretrained

torch.manual_seed(0)
sizes = {"vocab_size": 50, "context_length": 16, "dim": 8, "n_layers": 2, "n_heads": 2}
model = GPT2(GPT2Config(**sizes)).eval()
for parameter in model.parameters():
    torch.nn.init.normal_(parameter, std=0.5)  # as large as after training
tokens = torch.tensor([[3, 1, 4, 1, 5]])
expected = model(tokens)

with tempfile.TemporaryDirectory() as parent:
    folder = save_pretrained(model, Path(parent) / "mine")
    path = folder / "config.json"
    fields = json.loads(path.read_text())
    for change in ({}, {"activation_function": "gelu"}, {"n_head": 4}):
        path.write_text(json.dumps({**fields, **change}))
        error = (from_pretrained(folder)(tokens) - expected).abs().max().item()
        print(f"{change or 'as written'}: off by {error:.4f}")
