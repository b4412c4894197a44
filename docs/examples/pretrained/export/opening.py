import tempfile
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from llm_book.models.gpt2 import GPT2, WEIGHT_NAMES, GPT2Config
from llm_book.pretrained.weights import lay_out

torch.manual_seed(0)
model = GPT2(GPT2Config(vocab_size=50, context_length=16, dim=8, n_layers=2, n_heads=2))

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "model.safetensors"
    try:
        save_file(model.state_dict(), file)
    except RuntimeError as error:
        print(str(error).strip().split(":")[0])
    save_file({name: weight.clone() for name, weight in model.state_dict().items()}, file)
    with safe_open(file, "pt") as opened:
        ours = set(opened.keys())
published = set(lay_out(dict(model.named_parameters()), WEIGHT_NAMES))
print(len(ours), "names;", len(ours & published), "that another GPT-2 knows")
