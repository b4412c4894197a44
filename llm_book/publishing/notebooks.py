"""Run each chapter's notebook once and publish it in both languages.

A notebook is one percent-format file, docs/notebooks/<chapter>.py. Its Markdown cells carry
lang="en" or lang="zh"; its code cells belong to both. The executed cells become
docs/<language>/notebooks/<chapter>.ipynb, which git ignores.
"""

import copy
import hashlib
import re
from itertools import count
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from llm_book.publishing.book import DOCS, LANGUAGES, ROOT


def build_notebooks() -> None:
    """Run every notebook whose source or whose package has changed since it was last run."""
    package = sorted((ROOT / "llm_book").rglob("*.py"))
    for source in sorted((DOCS / "notebooks").glob("*.py")):
        digest = hashlib.sha256()
        for file in [source, *package]:
            digest.update(file.read_bytes())
        state = digest.hexdigest()
        targets = {lang: notebook_file(lang, source.stem) for lang in LANGUAGES}
        if all(state in _text(target) for target in targets.values()):
            continue
        notebook = run_notebook(source)
        for language, target in targets.items():
            page = in_language(notebook, language)
            page.metadata["source_hash"] = state
            target.parent.mkdir(parents=True, exist_ok=True)
            nbformat.write(page, target)


def _text(file: Path) -> str:
    return file.read_text("utf-8") if file.exists() else ""


def notebook_file(language: str, name: str) -> Path:
    """Return where the notebook of a chapter is published."""
    return DOCS / language / "notebooks" / f"{name}.ipynb"


def run_notebook(source: Path) -> NotebookNode:
    """Execute a percent-format notebook.

    Raises:
        nbclient.exceptions.CellExecutionError: A cell failed.
    """
    notebook = jupytext.read(source)
    where = {"metadata": {"path": str(ROOT)}}
    client = NotebookClient(notebook, timeout=600, kernel_name="python3", resources=where)
    client.extra_arguments = ["--log-level=40"]  # an error is an error; a hint is no news
    return client.execute()


def in_language(notebook: NotebookNode, language: str) -> NotebookNode:
    """Return a copy of `notebook` that keeps the cells of one language and those of both."""
    page = copy.deepcopy(notebook)
    page.cells = [cell for cell in page.cells if cell.metadata.pop("lang", language) == language]
    return page


def mend_page(page: str) -> str:
    """Return the page of a notebook as mkdocs-jupyter builds it, without its faults.

    Its headings get the same ids in both languages, where Chinese ones had none, and a script
    goes that would load a library of diagrams from another host.
    """
    page = re.sub(
        r'<script type="module">(?:(?!</script>).)*mermaid.*?</script>', "", page, flags=re.S
    )
    headings = count(1)

    def heading(match: re.Match[str]) -> str:
        name = f"section-{next(headings)}"
        return f'<{match[1]} id="{name}">{match[2]}<a class="anchor-link" href="#{name}">'

    def contents(match: re.Match[str]) -> str:
        entries = count(2)  # the first heading is the page's title
        return re.sub(r'href="#[^"]*"', lambda _: f'href="#section-{next(entries)}"', match[0])

    page = re.sub(r'<(h[12]) id="[^"]*">(.*?)<a class="anchor-link" href="#[^"]*">', heading, page)
    page = re.sub(r'href="#[^"]*"( class="md-skip")', r'href="#section-1"\1', page)
    return re.sub(r'<nav class="md-nav md-nav--secondary".*?</nav>', contents, page, flags=re.S)
