import json
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file

from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.pretrained.export import save_pretrained
from llm_book.pretrained.load import from_pretrained

torch.manual_seed(0)
config = GPT2Config(vocab_size=50, context_length=16, dim=8, n_layers=2, n_heads=2)
model = GPT2(config).eval()

with tempfile.TemporaryDirectory() as parent:
    folder = save_pretrained(model, Path(parent) / "mine")
    fields = json.loads((folder / "config.json").read_text())
    written = load_file(folder / "model.safetensors")
    again = from_pretrained(folder)
print(fields["model_type"], fields["n_embd"], fields["activation_function"])
print(len(written), "tensors, a head among them:", "lm_head.weight" in written)
c_fc = written["h.1.mlp.c_fc.weight"]
up_proj = model.blocks[1].feed_forward.up_proj.weight
print(*c_fc.shape, "is our", *up_proj.shape, torch.equal(c_fc.t(), up_proj))
print("the same config:", again.config == config)
pairs = zip(again.parameters(), model.parameters(), strict=True)
print("the same bits:", all(torch.equal(a, b) for a, b in pairs))
