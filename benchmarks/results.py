"""Measure what the book's pages show and record it in benchmarks/results.

    python -m benchmarks.results                  # everything, some minutes
    python -m benchmarks.results tokenizers/bpe   # one page's figures

Each benchmark with something to show has a function `measure()` that returns plain JSON values;
this writes them to benchmarks/results/<page>.json with the machine, the date and the command.
"""

import argparse
import datetime
import importlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import torch
from tqdm import tqdm

FOLDER = Path(__file__).parent


def pages() -> dict[str, str]:
    """Return the module of each page's benchmark that has a `measure` function."""
    files = sorted(FOLDER.rglob("bench_*.py"))
    found = {}
    for file in files:
        if "def measure(" in file.read_text("utf-8"):
            path = file.relative_to(FOLDER).with_suffix("")
            name = (path.parent / path.name.removeprefix("bench_")).as_posix()
            found[name] = ".".join(("benchmarks", *path.parts))
    return found


def machine() -> dict[str, Any]:
    """Describe this machine and the versions that matter to a timing."""
    packages = ("torch", "numpy", "tiktoken", "tokenizers", "transformers")
    return {
        "processor": _processor(),
        "cores": psutil.cpu_count(logical=False) or os.cpu_count(),
        "threads": torch.get_num_threads(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "system": platform.system(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in packages},
    }


def _processor() -> str:
    """Return the processor's name, which `platform` does not know on Linux."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def record(page: str, module: str) -> None:
    """Measure one page and write its result file, whole or not at all."""
    results = importlib.import_module(module).measure()
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        check=False,
    )
    entry = {
        "command": f"python -m benchmarks.results {page}",
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "commit": commit.stdout.strip() or None,
        "machine": machine(),
        "results": results,
    }
    file = FOLDER / "results" / f"{page}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".tmp")
    draft.write_text(json.dumps(entry, indent=2, ensure_ascii=False) + "\n", "utf-8")
    draft.replace(file)


def main() -> None:
    """Run the command line."""
    known = pages()
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.results",
        description="Measure what the book's pages show and record it in benchmarks/results.",
    )
    parser.add_argument("page", nargs="*", help=f"of: {', '.join(known)} (default: all)")
    chosen = parser.parse_args().page or list(known)
    for page in chosen:
        if page not in known:
            sys.exit(f"no benchmark measures {page!r}; known: {', '.join(known)}")
    for page in tqdm(chosen, unit="page", disable=None):
        record(page, known[page])


if __name__ == "__main__":
    main()
