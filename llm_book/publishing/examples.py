"""Run the examples of the pages and record what they print.

An example is a script docs/examples/<page>/<name>.py; what it prints stands beside it in
<name>.txt, and the page includes both. A test runs each again and compares.

    python -m llm_book.publishing.examples                  # record all of them
    python -m llm_book.publishing.examples tokenizers/bpe   # those of one page
"""

import argparse
import contextlib
import io
import runpy
import sys
from pathlib import Path

from tqdm import tqdm

from llm_book.publishing.book import DOCS


def examples(page: str = "") -> list[Path]:
    """Return the example scripts of one page, or of all."""
    return sorted((DOCS / "examples" / page).rglob("*.py"))


def run(script: Path) -> str:
    """Return what a script prints, run in this process."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        runpy.run_path(str(script), run_name="__main__")
    return printed.getvalue()


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m llm_book.publishing.examples",
        description="Run the pages' examples and record what they print.",
    )
    parser.add_argument("page", nargs="*", default=[""], help="such as tokenizers/bpe")
    for page in parser.parse_args().page:
        if not (DOCS / "examples" / page).is_dir():
            sys.exit(f"docs/examples/{page} does not exist")
        for script in tqdm(examples(page), unit="example", disable=None):
            script.with_suffix(".txt").write_text(run(script), "utf-8")


if __name__ == "__main__":
    main()
