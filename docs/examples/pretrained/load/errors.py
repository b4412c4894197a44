import json
import tempfile
import textwrap
from pathlib import Path

from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.pretrained.export import save_pretrained
from llm_book.pretrained.load import from_pretrained

config = GPT2Config(vocab_size=50, context_length=16, dim=8, n_layers=2, n_heads=2)
changes = [{"model_type": "gpt5"}, {"n_layer": 3}, {"n_embd": 12}, {"n_head": None}]

with tempfile.TemporaryDirectory() as parent:
    folder = save_pretrained(GPT2(config), Path(parent) / "tiny")
    path = folder / "config.json"
    fields = json.loads(path.read_text())
    for change in changes:
        changed = {**fields, **change}
        path.write_text(
            json.dumps({k: v for k, v in changed.items() if (k, v) != ("n_head", None)})
        )
        try:
            from_pretrained(folder)
        except ValueError as error:
            text = str(error).replace(f"{parent}/", "").split(", expected one of")[0]
            print(textwrap.shorten(text, 96, placeholder=" …"))
