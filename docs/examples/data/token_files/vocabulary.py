import os
import tempfile
import textwrap
from pathlib import Path

from llm_book.data.token_files import TokenFile, write_token_file
from llm_book.tokenizers.bpe import train_bpe

ours = train_bpe("a fox, two foxes", vocab_size=259)
theirs = train_bpe("a dog, two dogs", vocab_size=259)
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "fox.tokens"
    write_token_file(path, ours.encode("a fox, two foxes"), ours)
    print(theirs.decode(TokenFile(path).tokens.tolist()))
    try:
        TokenFile(path, theirs)
    except ValueError as error:
        print(textwrap.fill(str(error).replace(folder + os.sep, ""), 76))
