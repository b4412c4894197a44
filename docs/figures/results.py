"""The table of the page results: what was measured, where it is shown, on which machine."""

import ast
import html
import re

from benchmarks.results import FOLDER
from llm_book.publishing.book import DOCS, navigation
from llm_book.publishing.figures import results, scripts

WORDS = {
    "en": {
        "head": ("page", "what it shows", "measured", "machine", "command"),
        "passages": ("one table or sentence", "{} tables and sentences"),
        "from": " (from {})",
        "comma": ", ",
        "machine": "{letter}: {processor}, {cores} cores, {memory_gb} GB{gpu}, {system}, Python "
        "{python}, PyTorch {torch}, threads: {threads}",
    },
    "zh": {
        "head": ("页", "给出什么", "日期", "机器", "命令"),
        "passages": ("一处表格或数字", "{} 处表格和数字"),
        "from": "（取自 {}）",
        "comma": "、",
        "machine": "{letter}：{processor}，{cores} 核，{memory_gb} GB{gpu}，{system}，Python {python}，"
        "PyTorch {torch}，{threads} 线程",
    },
}


def sources(script) -> dict[str, set[str]]:
    """Return for each figure of a script the result files that its function reads."""
    tree = ast.parse(script.read_text("utf-8"))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    constants = {
        node.targets[0].id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }

    def read(node: ast.AST, passed: frozenset[str] = frozenset()) -> set[str]:
        """Follow the calls from a piece of code; `passed` are the functions on the way to it."""
        found = set()
        for inner in ast.walk(node):
            if isinstance(inner, ast.Call) and getattr(inner.func, "id", "") == "results":
                (file,) = inner.args
                found.add(constants[file.id] if isinstance(file, ast.Name) else file.value)
            elif isinstance(inner, ast.Name) and inner.id in functions.keys() - passed:
                found |= read(functions[inner.id], passed | {inner.id})
        return found

    (drawn,) = (
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "FIGURES"
    )
    return {key.value: read(value) for key, value in zip(drawn.keys, drawn.values, strict=True)}


def shown(page: str, names: list[str], language: str) -> str:
    """Link the figures by their titles, and count the tables and sentences."""
    words, links, passages = WORDS[language], [], 0
    text = (DOCS / language / f"{page}.md").read_text("utf-8")
    for name in names:
        drawing = DOCS / "figures" / page / f"{name}.{language}.svg"
        if not drawing.exists():
            passages += 1
            continue
        include = f'--8<-- "{drawing.relative_to(DOCS.parent).as_posix()}"'
        (anchor,) = re.findall(rf'<figure id="([\w-]+)"[^>]*>\s*{re.escape(include)}', text)
        title = html.unescape(re.search(r"<title>(.*?)</title>", drawing.read_text("utf-8"))[1])
        links.append(f"[{title}]({page}.md#{anchor})")
    if passages:
        one, several = words["passages"]
        links.append(one if passages == 1 else several.format(passages))
    return words["comma"].join(links)


def title_of(page: str, language: str) -> str:
    """Return the title of a page as its first heading has it."""
    text = (DOCS / language / f"{page}.md").read_text("utf-8")
    return re.search(r"^# (.*?)(?: \{#[\w-]+\})?$", text, re.M)[1]


def entries() -> list[tuple[str, str, list[str]]]:
    """List the page, the result file, and the names of what it draws, in the book's order."""
    order = [page.removesuffix(".md") for page in navigation("en")]
    found = []
    for script in scripts():
        page = script.relative_to(DOCS / "figures").with_suffix("").as_posix()
        if page == "results" or page not in order:
            continue
        read = sources(script)
        files = sorted(set().union(*read.values()), key=lambda file: (file != page, file))
        found += [(page, file, [name for name in read if file in read[name]]) for file in files]
    return sorted(found, key=lambda entry: order.index(entry[0]))


def describe(machine: dict, language: str, letter: str) -> str:
    """Say in a line what a machine is."""
    gpu = f" + {machine['gpu']}" if machine["gpu"] else ""
    known = machine | {"gpu": gpu, "torch": machine["versions"]["torch"], "letter": letter}
    return WORDS[language]["machine"].format(**known)


def table(language: str) -> str:
    """Table every measurement of the book, and the machines below it."""
    words, machines = WORDS[language], []
    lines = [list(words["head"]), ["---"] * 5]
    for page, file, names in entries():
        entry = results(file)
        if entry["machine"] not in machines:
            machines.append(entry["machine"])
        anchor = "#measure" if (FOLDER / "results" / f"{page}.json").exists() else ""
        where = f"[{title_of(page, language)}]({page}.md{anchor})"
        if file != page:
            where += words["from"].format(f"[{title_of(file, language)}]({file}.md)")
        letter = chr(ord("A") + machines.index(entry["machine"]))
        date = f'<span style="white-space: nowrap">{entry["date"]}</span>'
        lines.append([where, shown(page, names, language), date, letter, f"`{file}`"])
    rows = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    letters = (chr(ord("A") + place) for place in range(len(machines)))
    described = (describe(m, language, c) for m, c in zip(machines, letters, strict=True))
    return rows + "\n\n" + "\n".join(f"- {line}" for line in described)


FIGURES = {"table": table}
