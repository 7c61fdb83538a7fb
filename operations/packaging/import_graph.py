"""Which of our files a program needs, read from its imports without running any of it.

Followed are imports at any depth of the code, those inside functions too, `import_module` with a literal
name, and the `__init__` of every package on the way. What stands under `if TYPE_CHECKING` is left out.
"""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

NAMES_MODULES = ("import_module", "__import__")


class PackagingError(Exception):
    """Something that keeps a part from being packaged; the message says what and where."""


def needed_modules(root: Path, first: Iterable[str], packages: frozenset[str]) -> dict[str, Path]:
    """Name → file of `first` and of all modules below `packages` that they import, directly or not.

    `packages` are top-level folders of `root`. Raises `PackagingError` for an import that nobody can follow.
    """
    found: dict[str, Path] = {}
    to_read = list(first)
    while to_read:
        name = to_read.pop()
        if name in found:
            continue
        source = module_file(root, name)
        if source is None:
            raise PackagingError(f"there is no module {name} in {root}")
        found[name] = source
        to_read += _with_parents(name)
        tree = ast.parse(source.read_text(encoding="utf-8"), filename=str(source))
        package = name if source.name == "__init__.py" else name.rpartition(".")[0]
        for imported in _imports(tree, package, source):
            if imported.partition(".")[0] in packages:
                to_read.append(_deepest_module(root, imported))
    return found


def module_file(root: Path, name: str) -> Path | None:
    """The file of the module or package `name`; None when there is none."""
    path = root.joinpath(*name.split("."))
    for file in (path / "__init__.py", path.with_suffix(".py")):
        if file.is_file():
            return file
    return None


def modules_below(root: Path, folder: Path) -> list[str]:
    """All modules in `folder`, a package of `root`."""
    names: list[str] = []
    for file in sorted(folder.rglob("*.py")):
        parts = file.relative_to(root).with_suffix("").parts
        names.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return names


def _with_parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def _deepest_module(root: Path, imported: str) -> str:
    """`imported` may end in a name that its module defines: `shared.errors.NotFoundError`."""
    name = imported
    while module_file(root, name) is None and "." in name:
        name = name.rpartition(".")[0]
    return name


def _imports(tree: ast.Module, package: str, source: Path) -> Iterator[str]:
    for node in _running(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            yield from (f"{base}.{alias.name}" if alias.name != "*" else base for alias in node.names)
        elif isinstance(node, ast.Call):
            yield from _named_in_call(node, source)


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those that only type checkers read."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and _is_type_checking(child.test):
            for other in child.orelse:
                yield from _running(other)
        else:
            yield from _running(child)


def _is_type_checking(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else test.id if isinstance(test, ast.Name) else ""
    return name == "TYPE_CHECKING"


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if node.level == 0:
        return node.module or ""
    base = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])


def _named_in_call(call: ast.Call, source: Path) -> Iterator[str]:
    """`import_module("a.b")`, also handed to somebody who calls it: `to_thread(import_module, "a.b")`."""
    arguments = [call.func, *call.args]
    for place, argument in enumerate(arguments):
        name = argument.attr if isinstance(argument, ast.Attribute) else getattr(argument, "id", None)
        if name not in NAMES_MODULES:
            continue
        named = arguments[place + 1] if place + 1 < len(arguments) else None
        if not (isinstance(named, ast.Constant) and isinstance(named.value, str)):
            raise PackagingError(
                f"{source}:{call.lineno}: a module is imported by a name that is made while the program "
                "runs; name it literally, or it will be missing in the cloud"
            )
        yield named.value
