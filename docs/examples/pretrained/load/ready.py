import tempfile
from pathlib import Path

import torch

from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.pretrained.export import save_pretrained
from llm_book.pretrained.load import from_pretrained

torch.manual_seed(0)
config = GPT2Config(vocab_size=50, context_length=16, dim=8, n_layers=2, n_heads=2)
published = GPT2(config).eval()
tokens = torch.tensor([[3, 1, 4, 1, 5]])

with tempfile.TemporaryDirectory() as parent:
    folder = save_pretrained(published, Path(parent) / "tiny")  # see the next page
    print(sorted(file.name for file in folder.iterdir()))
    model = from_pretrained(folder)
    half = from_pretrained(folder, dtype=torch.bfloat16)
print("equal logits:", torch.equal(model(tokens), published(tokens)))
print("tied:", model.head.weight is model.embedding.token.weight)
print(half.head.weight.dtype, "off by less than 0.01:",
      bool((half(tokens).float() - published(tokens)).abs().max() < 0.01))  # fmt: skip
