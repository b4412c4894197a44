"""Write imports as a formatter does: the standard library first, each group sorted."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

WIDTH = 100


@dataclass(frozen=True)
class Import:
    """An import from outside the package: `import name`, or `from parent import name`."""

    parent: str
    name: str
    alias: str | None

    @property
    def local(self) -> str:
        """The name that the module gets; `import a.b` gives a."""
        return self.alias or (self.name if self.parent else self.name.partition(".")[0])

    @property
    def origin(self) -> str:
        """The whole name of what it imports."""
        return f"{self.parent}.{self.name}" if self.parent else self.name


def import_groups(imports: list[Import]) -> Iterator[str]:
    """Yield the lines of the imports from the standard library, and of all others."""
    standard = [found for found in imports if _root(found) in sys.stdlib_module_names]
    for group in (standard, [found for found in imports if found not in standard]):
        lines = sorted(
            f"import {found.name}" + (f" as {found.alias}" if found.alias else "")
            for found in group
            if not found.parent
        )
        for parent in sorted({found.parent for found in group} - {""}):
            names = [found for found in group if found.parent == parent]
            plain = sorted({found.name for found in names if not found.alias}, key=_by_kind)
            if plain:
                lines.append(_wrapped(f"from {parent} import ", plain))
            lines += sorted(
                f"from {parent} import {found.name} as {found.alias}"
                for found in names
                if found.alias
            )
        if lines:
            yield "\n".join(lines)


def _root(found: Import) -> str:
    return (found.parent or found.name).partition(".")[0]


def _by_kind(name: str) -> tuple[bool, bool, str]:
    """Sort constants before classes before all others, as ruff does."""
    return not (name.isupper() and len(name) > 1), not name[0].isupper(), name


def _wrapped(start: str, names: list[str]) -> str:
    line = start + ", ".join(names)
    if len(line) <= WIDTH:
        return line
    return "\n".join([f"{start}(", *(f"    {name}," for name in names), ")"])
