"""functions, worker and local may import shared; shared imports none of them; functions never import worker.

What is deployed must never reach into `local`, `bench` or `tests`: they are not in the archive.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
ALLOWED = {
    "shared": {"shared"},
    "functions": {"functions", "shared"},
    "worker": {"worker", "shared"},
    "local": {"local", "shared"},
    "operations": {"operations", "shared"},
}
OURS = {"shared", "functions", "worker", "operations", "local", "bench", "tests"}


def imported_packages(source: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module.split(".")[0], node.lineno


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_package_imports_only_what_it_may(package: str) -> None:
    sources = sorted((ROOT / package).rglob("*.py"))
    assert sources
    wrong = [
        f"{source.relative_to(ROOT)}:{line} imports {name}"
        for source in sources
        for name, line in imported_packages(source)
        if name in OURS - ALLOWED[package]
    ]
    assert not wrong


def test_functions_do_not_import_each_other() -> None:
    functions = [path for path in (ROOT / "functions").iterdir() if (path / "main.py").exists()]
    for function in functions:
        others = {f"functions.{other.name}" for other in functions if other != function}
        for source in function.rglob("*.py"):
            text = source.read_text(encoding="utf-8")
            assert not any(other in text for other in others), source


def test_no_test_module_imports_from_another() -> None:
    """What several use stands in a module of its own, which is no test's."""
    wrong = [
        f"{source.relative_to(ROOT)} imports {node.module}"
        for source in (ROOT / "tests").rglob("*.py")
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and re.match(r"tests\..*\btest_", node.module or "")
    ]
    assert not wrong
