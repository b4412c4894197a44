"""The table of contents is the import order, and every module has its page."""

import ast

import pytest

from llm_book.publishing.book import DOCS, LANGUAGES, ROOT, configuration, module_file, navigation

PAGES = navigation("en")
UNTAUGHT = {"exercises", "publishing"}  # they serve the book and stand on no page of their own
MODULES = sorted(
    file.relative_to(ROOT / "llm_book").with_suffix("").as_posix()
    for file in (ROOT / "llm_book").rglob("*.py")
    if not file.name.startswith("__")
    and file.relative_to(ROOT / "llm_book").parts[0] not in UNTAUGHT
)
ORDER = {page.removesuffix(".md"): place for place, page in enumerate(PAGES)}
# Commands show what the book can do before it is explained: they import from anywhere, and
# nothing imports them.
COMMANDS = {"tour"}
# Taught on a page of another name.
HOMES = {
    "check_environment": "setup",
    "tokenizers/character_bpe": "tokenizers/vocabularies",
    "tokenizers/sentencepiece_files": "tokenizers/vocabularies",
    "training/storytelling": "training/trainer",
    "models/chat_formats": "models/llama",
    "models/llama_family": "models/llama",
    "pretrained/family": "pretrained/load",
    "pretrained/families/gpt2": "pretrained/load",
    "pretrained/families/llama": "models/llama",
    "pretrained/families/qwen3": "models/qwen3",
    "pretrained/families/gemma3": "models/gemma3",
    "pretrained/families/olmo3": "models/olmo3",
    "pretrained/families/glm": "models/glm",
}


def imports(module: str) -> list[str]:
    """Return the modules of the book that a module names in its import statements."""
    tree = ast.parse((ROOT / "llm_book" / f"{module}.py").read_text("utf-8"))
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
            found += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
    paths = [
        name.removeprefix("llm_book.").replace(".", "/") for name in found if "llm_book." in name
    ]
    return [path for path in paths if (ROOT / "llm_book" / f"{path}.py").exists()]


def reached(module: str) -> set[str]:
    """Return the modules that a module imports, and all that those import in turn."""
    found: set[str] = set()
    ahead = [module]
    while ahead:
        new = set(imports(ahead.pop())) - found
        found |= new
        ahead += new
    return found


def place(module: str) -> int:
    """Return the place of a module's page in the navigation; behind all if it has none."""
    return ORDER.get(HOMES.get(module, module), len(PAGES))


def test_both_languages_have_the_same_navigation():
    assert navigation("zh") == PAGES
    shapes = [
        [len(next(iter(part.values()))) if isinstance(part, dict) else part for part in nav]
        for nav in (configuration("en")["nav"], configuration("zh")["nav"])
    ]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_navigation_names_every_page_and_only_pages(language):
    folder = DOCS / language
    files = {file.relative_to(folder).as_posix() for file in folder.rglob("*.md")}
    notebooks = {f"notebooks/{file.stem}.ipynb" for file in (DOCS / "notebooks").glob("*.py")}
    assert files | notebooks == set(PAGES)


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_its_page(module):
    assert HOMES.get(module, module) in ORDER


@pytest.mark.parametrize("module", [module for module in MODULES if module not in COMMANDS])
def test_a_module_imports_only_what_an_earlier_page_teaches(module):
    later = [
        name
        for name in imports(module)
        if place(name) > place(module) or module in reached(name)  # two may share a page
    ]
    assert later == []


@pytest.mark.parametrize("module", MODULES)
def test_no_module_imports_a_command(module):
    assert COMMANDS.isdisjoint(imports(module))


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_its_tests(module):
    path = ROOT / "tests" / f"{module}.py"
    assert path.with_name(f"test_{path.name}").exists()


@pytest.mark.parametrize("page", [page for page in PAGES if module_file(page).exists()])
def test_every_exercise_of_a_page_has_stub_solution_and_test(page):
    stub = ROOT / "llm_book" / "exercises" / page.replace(".md", ".py")
    solution = stub.with_name(f"{stub.stem}_solution.py")
    test = ROOT / "tests" / "exercises" / page.replace(".md", ".py")
    assert [stub.exists(), solution.exists(), test.with_name(f"test_{test.name}").exists()] == [
        True
    ] * 3
