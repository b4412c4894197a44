import tempfile
from pathlib import Path

from llm_book.data.gutenberg import read_book

PUBLISHED = """\
The Project Gutenberg eBook of The Fox

Title: The Fox
Author: Ada Book
Language: English

*** START OF THE PROJECT GUTENBERG EBOOK THE FOX ***

The fox START.

*** END OF THE PROJECT GUTENBERG EBOOK THE FOX ***

Please keep this notice.
"""

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "1.txt"
    path.write_bytes(b"\xef\xbb\xbf" + PUBLISHED.replace("\n", "\r\n").encode())
    book = read_book(path)
    print(path.stat().st_size, len(PUBLISHED), len(book.text), book.notes)
print(book.title, book.author, book.language, repr(book.text), sep=", ")
