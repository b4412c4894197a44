import os
import tempfile
from pathlib import Path

from llm_book.data.token_files import TokenFile, write_token_file
from llm_book.tokenizers.bpe import BPETokenizer

tokenizer = BPETokenizer([])


def interrupted():
    yield from tokenizer.encode("The fox is")
    raise KeyboardInterrupt


def attempt(path):
    try:
        TokenFile(path)
    except ValueError as error:
        print(str(error).replace(str(path.parent) + os.sep, ""))


with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "fox.tokens"
    try:
        write_token_file(path, interrupted(), tokenizer)
    except KeyboardInterrupt:
        print([file.name for file in Path(folder).iterdir()])
    attempt(Path(f"{path}.tmp"))

    write_token_file(path, tokenizer.encode("The fox isn't lost."), tokenizer)
    os.truncate(path, 90)
    attempt(path)
