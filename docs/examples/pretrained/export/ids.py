import json
import tempfile
from pathlib import Path

from tokenizers import Tokenizer

from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.pretrained.export import save_pretrained
from llm_book.tokenizers.bpe import train_bpe

text = "The fox found jam; it grinned. 狐狸找到果酱，它笑了。" * 9
tokenizer = train_bpe(text, 290, special_tokens=["<|endoftext|>"])
model = GPT2(GPT2Config(vocab_size=290, context_length=16, dim=8, n_layers=2, n_heads=2))

with tempfile.TemporaryDirectory() as parent:
    folder = save_pretrained(model, Path(parent) / "mine", tokenizer)
    theirs = Tokenizer.from_file(str(folder / "tokenizer.json"))
    end = json.loads((folder / "config.json").read_text())["eos_token_id"]
story = "The fox grinned. 狐狸笑了。<|endoftext|>"
ids = tokenizer.encode(story, allowed_special="all")
print(ids[-4:], "end of text:", end)
print("the same ids:", theirs.encode(story).ids == ids)
