import json
import tempfile
from pathlib import Path

from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.pretrained.export import save_pretrained

model = GPT2(GPT2Config(vocab_size=50, context_length=16, dim=8, n_layers=2, n_heads=2))
with tempfile.TemporaryDirectory() as parent:
    folder = save_pretrained(model, Path(parent) / "mine", max_shard_bytes=4000)
    for file in sorted(folder.glob("*.safetensors")):
        print(file.name, file.stat().st_size, "bytes with the header")
    index = json.loads((folder / "model.safetensors.index.json").read_text())
print(index["metadata"], index["weight_map"]["h.1.ln_1.bias"])
