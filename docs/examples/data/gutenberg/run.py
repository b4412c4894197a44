import tempfile
from pathlib import Path

from llm_book.data.gutenberg import prepare
from llm_book.data.token_files import TokenFile
from llm_book.publishing.own_books import write_library
from llm_book.tokenizers.bpe import BPETokenizer

with tempfile.TemporaryDirectory() as folder:
    library, out = write_library(Path(folder) / "books"), Path(folder) / "corpus"
    for name, value in prepare(library, out, "en", vocab_size=400).items():
        print(f"{name}: {value}")
    tokenizer = BPETokenizer.load(out)
    tokens = TokenFile(out / "tokens" / "00000.tokens", tokenizer).tokens

end = tokenizer.special_tokens["<|endoftext|>"]
places = (tokens == end).nonzero()[0].tolist()
print(places[-1] == len(tokens) - 1)
print(tokenizer.decode(tokens[places[0] - 9 : places[0] + 9].tolist()))
