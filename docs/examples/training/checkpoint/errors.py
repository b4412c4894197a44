import tempfile

import torch

from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.training.checkpoint import load_checkpoint, save_checkpoint
from llm_book.training.trainer import History


def make(**changes):
    sizes = {"vocab_size": 20, "context_length": 8, "dim": 16, "n_layers": 1, "n_heads": 2}
    model = GPT2(GPT2Config(**sizes | changes))
    return model, torch.optim.AdamW(model.parameters())


def attempt(function, *arguments):
    try:
        function(folder, *arguments)
    except (OSError, ValueError) as error:
        print("-", str(error).replace(folder, "run").replace("\\", "/"))


with tempfile.TemporaryDirectory() as folder:
    attempt(load_checkpoint, *make())
    path = save_checkpoint(folder, *make(), History([3.0, 2.9]))
    attempt(load_checkpoint, *make(vocab_size=21))
    attempt(load_checkpoint, *make(tie_embeddings=False))
    attempt(save_checkpoint, *make(), History([3.0]))
    file = path / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    attempt(load_checkpoint, *make())
