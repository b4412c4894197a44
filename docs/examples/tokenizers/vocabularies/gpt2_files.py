import json
import tempfile
from pathlib import Path

from llm_book.tokenizers.bpe import BYTE_TOKENS, token_to_text
from llm_book.tokenizers.vocabularies import load_gpt2_vocabulary

merges = "#version: 0.2\nf o\nfo x\nĠ fox\n"
tokens = [*map(token_to_text, BYTE_TOKENS), "fo", "fox", "Ġfox", "<|endoftext|>"]

with tempfile.TemporaryDirectory() as folder:
    vocab_bpe, encoder_json = Path(folder, "vocab.bpe"), Path(folder, "encoder.json")
    vocab_bpe.write_text(merges, "utf-8")
    encoder_json.write_text(json.dumps({text: i for i, text in enumerate(tokens)}), "utf-8")
    tokenizer = load_gpt2_vocabulary(vocab_bpe, encoder_json)

print(tokenizer.merges)
print(tokenizer.special_tokens, tokenizer.vocab_size)
print(tokenizer.encode("fox fox<|endoftext|>", allowed_special="all"))
