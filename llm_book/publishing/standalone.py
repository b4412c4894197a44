"""Print a module, with all that it uses from this package, as one file.

The book defines each part once; this is the other reading, all of a model from top to bottom.
The modules stand in the order of their imports, and the definitions of each in its own order,
without those that are not used.
"""

import argparse
import builtins
import sys
from collections.abc import Iterator

from llm_book.publishing.book import DOCS, LANGUAGES
from llm_book.publishing.import_lines import Import, import_groups
from llm_book.publishing.module_source import PACKAGE, Module, Statement, read_module

MODELS = ("gpt2", "llama", "qwen3", "gemma3", "olmo3", "glm")
HEADER = '''\
# SPDX-License-Identifier: Apache-2.0
"""{title}

{path} with all that it uses from the book, put together by
python -m llm_book.publishing.standalone {name}
What a part needs stands before it, and so the last section is the module itself.
"""'''


class Parts:
    """What has been collected for a file.

    Attributes:
        owners: Each name at the top of the file, and where it comes from.
        imports: From outside the package, by the name they give and what it stands for.
        chosen: The statements of each module that are used.
        aliases: For each module, names that it gives to what it imports from the package.
    """

    def __init__(self) -> None:
        self.owners = dict.fromkeys([*dir(builtins), "__name__"], "Python")
        self.imports: dict[tuple[str, str], Import] = {}
        self.chosen: dict[str, set[Statement]] = {}
        self.aliases: dict[str, dict[str, str]] = {}
        self._seen: set[tuple[str, str]] = set()

    def need(self, module: Module, name: str) -> None:
        """Collect what a name means in a module, and what that uses."""
        if (module.name, name) in self._seen:
            return
        self._seen.add((module.name, name))
        outside = [found for found in module.imports if found.local == name]
        if name in module.inside:
            source, original = module.inside[name]
            self.need(read_module(source), original)
            if name != original:
                self._claim(name, module.name)
                self.aliases.setdefault(module.name, {})[name] = original
        elif name in module.defined:
            self._claim(name, module.name)
            self.choose(module, [part for part in module.statements if name in part.defines])
        elif outside:
            self._claim(name, outside[0].origin if outside[0].parent or outside[0].alias else name)
            self.imports.update({(name, found.origin): found for found in outside})
        elif self.owners.get(name) != "Python":
            raise ValueError(f"{module.name} uses {name}, which a single file cannot give it")

    def choose(self, module: Module, statements: list[Statement]) -> None:
        """Collect statements of a module, and what they use."""
        self.chosen.setdefault(module.name, set()).update(statements)
        for statement in statements:
            for word in module.uses(statement):
                self.need(module, word)

    def _claim(self, name: str, owner: str) -> None:
        before = self.owners.setdefault(name, owner)
        if before != owner:
            raise ValueError(f"{name} is one thing in {before} and another in {owner}")


def standalone(name: str) -> str:
    """Return the source of a module that runs without this package.

    Raises:
        LookupError: There is no such module.
        ValueError: Two modules give one name to different things, or one does what a single
            file cannot do.
    """
    parts, main = Parts(), read_module(name)
    parts.choose(main, main.statements)
    path = f"{name.replace('.', '/')}.py"
    blocks = [HEADER.format(title=main.title, path=path, name=name)]
    blocks += import_groups(list(parts.imports.values()))
    sections = [section(module, parts) for module in in_import_order(main, set())]
    return "\n\n".join(blocks) + "\n\n" + "\n\n\n".join(filter(None, sections)) + "\n"


def in_import_order(module: Module, seen: set[str]) -> Iterator[Module]:
    """Yield the modules that a module imports, each behind those that it imports itself."""
    if module.name not in seen:
        seen.add(module.name)
        for source, _ in module.inside.values():
            yield from in_import_order(read_module(source), seen)
        yield module


def section(module: Module, parts: Parts) -> str:
    """Return what the file holds of one module, headed by its name; nothing if that is nothing."""
    chosen = parts.chosen.get(module.name, set())
    statements = [part for part in module.statements if part in chosen]
    aliases = [f"{new} = {old}" for new, old in parts.aliases.get(module.name, {}).items()]
    if not statements and not aliases:
        return ""
    text = f"# {module.name.replace('.', '/')}.py\n# {module.title}"
    text += "".join(f"\n\n{line}" for line in aliases)
    before: Statement | None = None
    for part in statements:
        empty_lines = 2
        if before and not before.is_long and not part.is_long:
            empty_lines = min(part.first - before.last - 1, 2)
        text += "\n" * (1 + empty_lines) + "\n".join(part.lines)
        before = part
    return text


def build_standalone() -> None:
    """Write the file of every model into both languages, where the site offers it."""
    for name in MODELS:
        text = standalone(f"{PACKAGE}.models.{name}")
        for language in LANGUAGES:
            file = DOCS / language / "standalone" / f"{name}.py"
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, "utf-8")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m llm_book.publishing.standalone",
        description="Print a module, with all that it uses from the book, as one file.",
    )
    parser.add_argument("module", help=f"such as {PACKAGE}.models.llama")
    try:
        print(standalone(parser.parse_args().module), end="")
    except (LookupError, ValueError) as error:
        sys.exit(str(error.args[0]))


if __name__ == "__main__":
    main()
