import tempfile
from pathlib import Path
from unittest.mock import patch

from safetensors.torch import save_file

from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.pretrained.export import save_pretrained

model = GPT2(GPT2Config(vocab_size=50, context_length=16, dim=8, n_layers=2, n_heads=2))


def full_disk(tensors, file, metadata):
    if "00002" in file.name:
        raise OSError("No space left on device")
    save_file(tensors, file, metadata)


with tempfile.TemporaryDirectory() as parent:
    naive, ours = Path(parent) / "naive", Path(parent) / "ours"
    naive.mkdir()
    try:
        for number in (1, 2, 3):
            full_disk({"w": model.head.weight.data}, naive / f"model-{number:05}.safetensors", {})
    except OSError as error:
        print("naive:", error, [file.name for file in naive.iterdir()])
    try:
        with patch("llm_book.pretrained.export.save_file", full_disk):
            save_pretrained(model, ours, max_shard_bytes=4000)
    except OSError as error:
        print("ours: ", error, "folder exists:", ours.exists())
    print(sorted(file.name for file in Path(parent).iterdir()))
