import tempfile
from pathlib import Path

import numpy as np

from llm_book.data.token_files import TokenFile, write_token_file
from llm_book.tokenizers.bpe import BPETokenizer

tokenizer = BPETokenizer([(b"f", b"o"), (b"fo", b"x")])
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "fox.tokens"
    write_token_file(path, tokenizer.encode("a fox"), tokenizer)
    content = path.read_bytes()
    print(content[:8], len(content))
    for field in (content[8:12], content[12:16], content[16:24], content[24:32]):
        print(f"{field.hex(' '):24}", int.from_bytes(field, "little"))
    print(content[64:].hex(" "), np.frombuffer(content, "<u2", offset=64))
    print(TokenFile(path).tokens, tokenizer.encode("a fox"))
