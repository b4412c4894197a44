import tempfile

from llm_book.data.gutenberg import read_book
from llm_book.publishing.own_books import write_library


def naive(path):
    whole = path.read_text("utf-8-sig")
    return whole[whole.find("START") + len("START") : whole.find("END")]


with tempfile.TemporaryDirectory() as folder:
    library = write_library(folder)
    for name in ("101-0.txt", "102.txt", "103.txt"):
        cut, right = naive(library / name), read_book(library / name).text
        print(f"{name}: {len(right):,} characters, naive {len(cut):,}")
        print(f"  {cut.strip()[:50]!r}")
