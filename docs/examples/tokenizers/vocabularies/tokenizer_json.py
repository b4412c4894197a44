import json
import tempfile
from pathlib import Path

from llm_book.tokenizers.bpe import train_bpe
from llm_book.tokenizers.vocabularies import load_tokenizer_json

ours = train_bpe("fox foxes fox foxes", vocab_size=262, special_tokens=["<|user|>"])
with tempfile.TemporaryDirectory() as folder:
    ours.save(folder)
    path = Path(folder, "tokenizer.json")
    data = json.loads(path.read_text("utf-8"))
    print(data["model"]["merges"])
    print([(token["id"], token["content"]) for token in data["added_tokens"]])
    print(data["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"][:30], "...")

    data["model"]["merges"] = [" ".join(merge) for merge in data["model"]["merges"]]
    path.write_text(json.dumps(data), "utf-8")
    again = load_tokenizer_json(path)

print(again.merges == ours.merges, again.encode("two foxes") == ours.encode("two foxes"))
