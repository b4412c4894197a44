import json
import tempfile
from pathlib import Path

from llm_book.tokenizers.bpe import train_bpe
from llm_book.tokenizers.vocabularies import load_tokenizer_json

with tempfile.TemporaryDirectory() as folder:
    train_bpe("fox", vocab_size=258).save(folder)
    path = Path(folder, "tokenizer.json")
    data = json.loads(path.read_text("utf-8"))
    data["normalizer"] = {"type": "Lowercase"}
    path.write_text(json.dumps(data), "utf-8")
    try:
        load_tokenizer_json(path)
    except ValueError as error:
        print(str(error).replace(str(path), "tokenizer.json"))
