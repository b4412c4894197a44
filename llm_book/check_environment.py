"""Say what this computer offers to the book, and what is missing."""

import argparse
import os
import re
import shutil
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

MINIMUM_PYTHON = (3, 11)
INSTALL = "pip install -e ."


def packages() -> dict[str, list[str]]:
    """Return the packages of each optional extra; those the book always needs are under ""."""
    found: dict[str, list[str]] = {"": []}
    for requirement in requires("llm_book") or []:
        name = re.match(r"[\w.-]+", requirement)
        extra = re.search(r"extra == ['\"]([\w-]+)['\"]", requirement)
        found.setdefault(extra[1] if extra else "", []).append(name[0] if name else requirement)
    return found


def installed(package: str) -> str | None:
    """Return the version of an installed package, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def find_problem() -> str | None:
    """Return what keeps the first chapters from running, as one line, or None."""
    if sys.version_info < MINIMUM_PYTHON:
        wanted = ".".join(map(str, MINIMUM_PYTHON))
        return f"Python {sys.version.split()[0]} is too old: install Python {wanted} or newer"
    if installed("llm_book") is None:
        return f"llm_book is not installed: run {INSTALL} in the folder of the book"
    missing = [name for name in packages()[""] if installed(name) is None]
    if missing:
        return f"{', '.join(missing)} missing: run {INSTALL} in the folder of the book"
    try:
        import torch  # noqa: F401
    except (ImportError, OSError) as error:
        return f"torch is installed but does not start: {' '.join(str(error).split())}"
    return None


def describe() -> list[tuple[str, str]]:
    """Return a name and a value for everything worth knowing; all required packages are there."""
    import torch
    from platformdirs import user_cache_dir

    cache = Path(os.environ.get("LLM_BOOK_CACHE") or user_cache_dir("llm_book"))
    disk = next(
        folder for folder in (cache.absolute(), *cache.absolute().parents) if folder.exists()
    )
    rows = [("python", sys.version.split()[0]), ("llm_book", version("llm_book"))]
    rows += [(name, version(name)) for name in packages()[""]]
    rows += [
        ("processor", f"{os.cpu_count()} cores, torch uses {torch.get_num_threads()} threads"),
        ("memory", _memory()),
        ("gpu", _gpu()),
        ("cache", f"{cache}, {_gigabytes(shutil.disk_usage(disk).free)} free"),
    ]
    for extra, names in packages().items():
        missing = [name for name in names if installed(name) is None]
        advice = f'without {", ".join(missing)}: pip install -e ".[{extra}]"'
        rows += [(f"extra {extra}", advice if missing else "complete")] if extra else []
    return rows


def _gigabytes(size: float) -> str:
    return f"{size / 2**30:.1f} GiB"


def _memory() -> str:
    """Return the size of the main memory; Windows needs another library to tell."""
    if not hasattr(os, "sysconf"):
        return "unknown"
    return _gigabytes(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


def _gpu() -> str:
    import torch

    if torch.cuda.is_available():
        gpu = torch.cuda.get_device_properties(0)
        return f"{gpu.name}, {_gigabytes(gpu.total_memory)}, {torch.cuda.device_count()} in all"
    return "Apple (mps)" if torch.backends.mps.is_available() else "none; the book needs none"


def main() -> int:
    """Run the command line; return 0 if the first chapters can run, else 1."""
    argparse.ArgumentParser(
        prog="python -m llm_book.check_environment",
        description="Say what is installed and what is missing.",
        epilog="Exit code: 0 if the first chapters can run, otherwise 1.",
    ).parse_args()
    problem = find_problem()
    if problem is not None:
        print(f"Not ready: {problem}.", file=sys.stderr)
        return 1
    rows = describe()
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"{name:<{width}}  {value}")
    print("Ready: the first chapters can run.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
