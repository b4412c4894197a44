"""Check a reader's exercises: python -m llm_book.exercises check tokenizers.bpe."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests" / "exercises"


def known() -> list[str]:
    """Return the pages that have exercises, as dotted names."""
    files = sorted(file.relative_to(TESTS) for file in TESTS.rglob("test_*.py"))
    return [".".join((*file.parts[:-1], file.stem.removeprefix("test_"))) for file in files]


def check(name: str) -> int:
    """Run the tests of one page's exercises on the reader's own work; return pytest's exit code."""
    folder, _, page = name.rpartition(".")
    test = TESTS / folder.replace(".", "/") / f"test_{page}.py"
    command = [sys.executable, "-m", "pytest", "--tb=short", "-q", str(test)]
    environment = os.environ | {"LLM_BOOK_EXERCISES": "mine"}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m llm_book.exercises",
        description="Work in llm_book/exercises/<page>.py, then check it here.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="name the pages that have exercises")
    checking = commands.add_parser("check", help="run the tests of a page on your own work")
    checking.add_argument("page", help="such as tokenizers.bpe")
    arguments = parser.parse_args()
    if not TESTS.is_dir():
        sys.exit(f"The tests are not at {TESTS}: clone the repository to check exercises.")
    if arguments.command == "list":
        print(*known(), sep="\n")
    elif arguments.page not in known():
        sys.exit(f"no exercises for {arguments.page!r}; known: {', '.join(known())}")
    else:
        sys.exit(check(arguments.page))


if __name__ == "__main__":
    main()
