import tempfile
from pathlib import Path

from llm_book.data.token_files import RandomWindows, TokenFile, write_token_file
from llm_book.tokenizers.bpe import BPETokenizer

n_tokens = 2**16
tokenizer = BPETokenizer([], {"<|last|>": n_tokens - 1})
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "numbers.tokens"
    write_token_file(path, range(n_tokens), tokenizer)  # token i of the corpus is i
    for context_length in (16, 256):
        n_windows = n_tokens // context_length
        inputs, _ = RandomWindows([TokenFile(path)], context_length, n_windows).batch(0)
        seen = len(set(inputs.flatten().tolist()))
        print(f"{n_windows} windows of {context_length}: {1 - seen / n_tokens:.4f} never seen")
