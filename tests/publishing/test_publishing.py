"""The tools behind the site: figures, notebooks, the server and the commands."""

import socket
import subprocess
import sys

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError

from llm_book.publishing import figures, notebooks, site
from llm_book.publishing.book import ROOT

SOURCE = """
# %% [markdown] lang="en"
# # Title

# %% [markdown] lang="zh"
# # 标题

# %%
print({})
"""


def run(*command):
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "module",
    [
        "llm_book.publishing.site",
        "llm_book.publishing.figures",
        "llm_book.publishing.examples",
        "llm_book.exercises",
        "benchmarks.results",
    ],
)
@pytest.mark.slow
def test_a_command_explains_itself(module):
    helped = run(module, "--help")
    assert helped.returncode == 0
    assert helped.stdout.startswith("usage: python -m")


@pytest.mark.slow
def test_a_taken_port_is_said_in_one_line_before_anything_is_built():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        served = run("llm_book.publishing.site", "serve", "--port", str(port))
    assert served.returncode == 1
    assert served.stdout == ""
    assert served.stderr == f"Port {port} of 127.0.0.1 is taken: try make site PORT=8001\n"


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        (("llm_book.publishing.figures", "nn/nothing"), "docs/figures/nn/nothing.py"),
        (("llm_book.publishing.examples", "nn/nothing"), "docs/examples/nn/nothing"),
        (("llm_book.exercises", "check", "nn.nothing"), "known: "),
        (("benchmarks.results", "nn/nothing"), "known: "),
    ],
)
@pytest.mark.slow
def test_an_unknown_page_is_one_clear_line(command, complaint):
    refused = run(*command)
    assert refused.returncode == 1
    assert complaint in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_notebook_keeps_the_cells_of_one_language_and_those_of_both(tmp_path):
    source = tmp_path / "chapter.py"
    source.write_text(SOURCE.strip().format("1 + 1"), "utf-8")
    executed = notebooks.run_notebook(source)
    for language, title in (("en", "# Title"), ("zh", "# 标题")):
        page = notebooks.in_language(executed, language)
        nbformat.validate(page)
        assert [cell.source for cell in page.cells] == [title, "print(1 + 1)"]
        assert page.cells[1].outputs[0].text == "2\n"


def test_a_notebook_that_fails_is_an_error(tmp_path):
    source = tmp_path / "chapter.py"
    source.write_text(SOURCE.strip().format("1 / 0"), "utf-8")
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        notebooks.run_notebook(source)


def test_the_page_of_a_notebook_gets_ids_and_loses_the_foreign_script():
    page = (
        '<a href="#_1" class="md-skip">'
        '<nav class="md-nav md-nav--secondary"><a href="#_2">二</a></nav>'
        '<script type="module">keep()</script>'
        '<script type="module">import("//host/mermaid")</script>'
        '<h1 id="">一<a class="anchor-link" href="#"></a></h1>'
        '<h2 id="">二<a class="anchor-link" href="#"></a></h2>'
    )
    mended = notebooks.mend_page(page)
    assert "mermaid" not in mended
    assert "keep()" in mended
    assert '<a href="#section-1" class="md-skip">' in mended
    assert '<a href="#section-2">二</a></nav>' in mended
    assert '<h2 id="section-2">二<a class="anchor-link" href="#section-2">' in mended


def test_a_figure_follows_the_theme_and_names_itself():
    figure, axes = figures.canvas(100, 50, title="A < B", description="It shows B.")
    figures.cell(axes, 10, 10, 30, 20, "词", color=figures.GREEN)
    drawing = figures.svg(figure, "test")
    assert drawing.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    assert "<title>A &lt; B</title>" in drawing
    assert f"var(--book-green, {figures.GREEN})" in drawing
    assert 'id="figure' not in drawing
    assert drawing == figures.svg(figure, "test")


def test_a_table_has_a_line_for_its_head_and_one_for_each_row():
    assert figures.table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | ---: |\n| 1 | 2 |"


class Older:
    """A class of two lines."""

    width = 1

    def forward(self):
        """Return what both return."""
        return [
            1,
        ]


class Newer:
    """Another docstring."""

    def forward(self):
        return [
            2,
        ]


def test_the_difference_of_two_classes_shows_changed_and_shared_code_without_docstrings():
    assert figures.source_diff(Older, Newer).splitlines() == [
        "```diff",
        "- class Older:",
        "-     width = 1",
        "+ class Newer:",
        "      def forward(self):",
        "          return [",
        "-             1,",
        "+             2,",
        "          ]",
        "```",
    ]


def test_a_bracket_between_two_changes_is_shown_with_each_of_them():
    class One:
        a = abs(
            1,
        )
        b = 2

    class Two:
        c = abs(
            3,
        )
        d = 4

    lines = figures.source_diff(One, Two).splitlines()
    assert [line[0] for line in lines[1:-1]] == ["-"] * 5 + ["+"] * 5


def test_the_server_offers_the_book_own_page_for_what_is_missing(tmp_path):
    from threading import Thread
    from urllib.error import HTTPError
    from urllib.request import urlopen

    (tmp_path / "404.html").write_text("nothing here", "utf-8")
    with site.open_server(0, tmp_path) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(HTTPError) as caught:
            urlopen(f"http://127.0.0.1:{server.server_address[1]}/missing")
        assert caught.value.code == 404
        with caught.value as response:
            assert response.read() == b"nothing here"
        server.shutdown()
