import itertools
import tempfile
import tracemalloc
from pathlib import Path

from llm_book.data.token_files import RandomWindows, TokenFile, write_token_file
from llm_book.tokenizers.bpe import BPETokenizer

tokenizer = BPETokenizer([])
endless = itertools.cycle(tokenizer.encode("The fox isn't lost. 狐狸没有迷路。\n"))


def peak(work):
    """Return the most memory that `work` holds at a time, in MB."""
    tracemalloc.start()
    work()
    _, n_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return n_bytes / 1e6


for n_tokens in (2_200_000, 4_400_000):
    with tempfile.TemporaryDirectory() as folder:
        path, tokens = Path(folder) / "fox.tokens", itertools.islice(endless, n_tokens)
        writing = peak(lambda path=path, tokens=tokens: write_token_file(path, tokens, tokenizer))
        windows = RandomWindows([TokenFile(path)], context_length=1024, batch_size=16)
        windows.batch(0)  # whatever is loaded only once is loaded now
        reading = peak(lambda windows=windows: windows.batch(1))
        size = path.stat().st_size / 1e6
    print(f"file {size:.1f} MB, memory to write it {writing:.0f} MB, for a batch {reading:.1f} MB")
