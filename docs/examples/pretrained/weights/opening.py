import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from llm_book.models.gpt2 import GPT2, WEIGHT_NAMES, GPT2Config
from llm_book.pretrained.weights import lay_out

sizes = {"vocab_size": 50, "context_length": 16, "dim": 8, "n_layers": 2, "n_heads": 2}
torch.manual_seed(0)
published, ours = GPT2(GPT2Config(**sizes)).eval(), GPT2(GPT2Config(**sizes)).eval()

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "model.safetensors"
    weights = dict(published.named_parameters())
    layout = lay_out(weights, WEIGHT_NAMES)  # as OpenAI named them
    save_file({name: to.write(weights).detach() for name, to in layout.items()}, file)

    missing, unexpected = ours.load_state_dict(load_file(file), strict=False)
print(len(missing), "missing,", len(unexpected), "unexpected")
print(missing[3], "|", unexpected[4])
tokens = torch.tensor([[3, 1, 4, 1, 5]])
same = torch.allclose(ours(tokens), published(tokens))
print("the same model:", same)
