import tempfile
from pathlib import Path

from llm_book.data.token_files import RandomWindows, TokenFile, write_token_file
from llm_book.tokenizers.bpe import BPETokenizer

tokenizer = BPETokenizer([])
with tempfile.TemporaryDirectory() as folder:
    shards = []
    for name, ids in (("a", range(5)), ("b", range(100, 108))):
        write_token_file(Path(folder) / name, ids, tokenizer)
        shards.append(TokenFile(Path(folder) / name))
    windows = RandomWindows(shards, context_length=2, batch_size=2)
    print(windows.starts)
    for step in (0, 1, 0):
        inputs, targets = windows.batch(step)
        print(f"step {step}: {inputs.tolist()} -> {targets.tolist()}")
