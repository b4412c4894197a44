"""Take the source of a module apart: what it imports, what it defines, and what each part uses."""

import ast
import re
import symtable
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from llm_book.publishing.book import ROOT
from llm_book.publishing.import_lines import Import

PACKAGE = "llm_book"
WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Statement:
    """A statement at the top of a module, with the comment above it.

    Attributes:
        first: Line number of the comment or, without one, of the statement.
        looks_up: Names that it looks up at the top of the module when it runs.
        mentions: Words in annotations that are written as strings.
        is_long: A class or a function, with two empty lines around it.
    """

    first: int
    last: int
    lines: tuple[str, ...]
    defines: frozenset[str]
    looks_up: frozenset[str]
    mentions: frozenset[str]
    is_long: bool


@dataclass
class Module:
    """What a module says at its top level; `inside` maps names to a module and a name there."""

    name: str
    title: str
    statements: list[Statement] = field(default_factory=list)
    imports: list[Import] = field(default_factory=list)
    inside: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def defined(self) -> set[str]:
        """The names that its statements define."""
        return {name for statement in self.statements for name in statement.defines}

    def uses(self, statement: Statement) -> list[str]:
        """Return what a statement looks up; words in strings count if the module has them."""
        known = self.defined | self.inside.keys() | {outside.local for outside in self.imports}
        return sorted(statement.looks_up | (statement.mentions & known))


@cache
def read_module(name: str) -> Module:
    """Return the parts of a module.

    Raises:
        LookupError: There is no such module.
        ValueError: It says something that has no place in another file.
    """
    path = ROOT / f"{name.replace('.', '/')}.py"
    if not name.startswith(f"{PACKAGE}.") or not path.is_file():
        raise LookupError(f"there is no module {name}; a model is {PACKAGE}.models.llama")
    text = path.read_text("utf-8")
    tree, lines = ast.parse(text), text.splitlines()
    module = Module(name, (ast.get_docstring(tree) or name).partition("\n")[0])
    for node in _with_imports_for_types(tree.body):
        place = f"{name}, line {node.lineno}"
        if isinstance(node, ast.Import | ast.ImportFrom):
            _read_import(module, node, place)
        elif not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Constant):
            module.statements.append(_read_statement(node, lines, place))
    return module


def _with_imports_for_types(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from node.body
        else:
            yield node


def _read_import(module: Module, node: ast.Import | ast.ImportFrom, place: str) -> None:
    parent = ""
    if isinstance(node, ast.ImportFrom):
        parent = "." * node.level + (node.module or "")
    for alias in node.names:
        path = ROOT / f"{parent}.{alias.name}".strip(".").replace(".", "/")
        if parent == "__future__" or alias.name == "*" or parent.startswith("."):
            raise ValueError(f"{place}: a single file cannot hold `{ast.unparse(node)}`")
        if PACKAGE not in (parent.partition(".")[0], alias.name.partition(".")[0]):
            module.imports.append(Import(parent, alias.name, alias.asname))
        elif not parent or path.with_suffix(".py").exists():
            raise ValueError(f"{place}: `{ast.unparse(node)}` imports a module, expected names")
        else:
            module.inside[alias.asname or alias.name] = (parent, alias.name)


def _read_statement(node: ast.stmt, lines: list[str], place: str) -> Statement:
    for part in ast.walk(node):
        if isinstance(part, ast.Import | ast.ImportFrom) and PACKAGE in ast.unparse(part):
            raise ValueError(f"{place}: `{ast.unparse(part)}` is inside of a statement")
    first = min(part.lineno for part in [node, *getattr(node, "decorator_list", [])])
    last = node.end_lineno or first
    table = symtable.symtable("\n".join(lines[first - 1 : last]), place, "exec")
    defines = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}
    defines |= set(_changed(node))
    is_command = isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)
    if not defines and not is_command:
        raise ValueError(f"{place}: `{ast.unparse(node)}` defines nothing")
    while lines[first - 2].startswith("#"):
        first -= 1
    return Statement(
        first,
        last,
        tuple(lines[first - 1 : last]),
        frozenset(defines),
        frozenset(_looked_up(table)),
        frozenset(_words_in_annotations(node)),
        isinstance(node, ast.ClassDef | ast.FunctionDef | ast.If),
    )


def _changed(node: ast.stmt) -> Iterator[str]:
    """Yield the names whose values `name[...] = ...` or `name.part = ...` changes."""
    if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Delete):
        for part in ast.walk(node):
            if isinstance(part, ast.Subscript | ast.Attribute) and not isinstance(
                part.ctx, ast.Load
            ):
                yield from WORD.findall(ast.unparse(part))[:1]


def _looked_up(table: symtable.SymbolTable) -> Iterator[str]:
    """Yield the names that a scope and those inside it look up at the top of the module."""
    for symbol in table.get_symbols():
        if symbol.is_global() or (table.get_type() != "function" and symbol.is_referenced()):
            yield symbol.get_name()
    for child in table.get_children():
        yield from _looked_up(child)


def _words_in_annotations(node: ast.stmt) -> Iterator[str]:
    for part in ast.walk(node):
        for annotation in (getattr(part, "annotation", None), getattr(part, "returns", None)):
            for leaf in ast.walk(annotation) if annotation else ():
                if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str):
                    yield from WORD.findall(leaf.value)
