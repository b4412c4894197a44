import tempfile
from pathlib import Path

from llm_book.data.gutenberg import judge_all
from llm_book.publishing.own_books import write_library

with tempfile.TemporaryDirectory() as folder:
    paths = sorted(write_library(folder).iterdir())
    for language in ("en", "zh"):
        print(language)
        for verdict in judge_all(paths, language):
            print(f"  {Path(verdict.path).name:<10} {verdict.dropped or 'kept'}")
