"""Each function as Cloud Functions builds it: `main.py` and `requirements.txt` at the top, and no more code
than it runs."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from operations.packaging.archive import write_archive
from operations.packaging.import_graph import PackagingError, modules_below, needed_modules

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = ("incoming_call", "oauth", "tools_api")
OURS = frozenset({"functions", "shared"})

UV_SECONDS = 120

MAIN = '''"""Where functions-framework looks for the function."""

from functions.{name}.main import {name}

__all__ = ["{name}"]
'''


@dataclass(frozen=True)
class Staged:
    name: str
    """Also the target that functions-framework is started with."""
    folder: Path
    archive: Path
    digest: str
    """SHA-256 of the archive, in hexadecimal."""


def package(name: str, build: Path, root: Path = ROOT) -> Staged:
    """Stage the function into `build`/name, and write `build`/name.zip. Raises `PackagingError`."""
    folder = build / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for source in needed_files(name, root):
        target = folder / source.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    (folder / "main.py").write_text(MAIN.format(name=name), encoding="utf-8")
    (folder / "requirements.txt").write_text(requirements(name, root), encoding="utf-8")
    archive = build / f"{name}.zip"
    return Staged(name, folder, archive, write_archive(folder, archive))


def needed_files(name: str, root: Path = ROOT) -> list[Path]:
    """All of the function's own package, what it imports of ours, and the data beside those modules."""
    own = root / "functions" / name
    if not (own / "main.py").is_file():
        raise PackagingError(f"{own} is not a function: it has no main.py")
    modules = needed_modules(root, modules_below(root, own), OURS)
    data = {file for folder in _package_folders(modules) for file in folder.iterdir() if _is_data(file)}
    return sorted({*modules.values(), *data})


def _package_folders(modules: dict[str, Path]) -> set[Path]:
    return {file.parent for file in modules.values()}


def _is_data(file: Path) -> bool:
    return file.is_file() and file.suffix not in (".py", ".pyc") and not file.name.startswith(".")


def requirements(name: str, root: Path = ROOT) -> str:
    """What `uv.lock` pins for the function's group and for every part, with the hash of each file.

    With hashes pip installs these files or none.
    """
    group = name.replace("_", "-")
    command = [
        *(find_uv(), "export", "--quiet", "--locked", "--no-default-groups", "--group", group),
        *("--no-emit-project", "--no-header", "--no-annotate", "--format", "requirements.txt"),
    ]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command
            command, cwd=root, capture_output=True, text=True, check=False, timeout=UV_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise PackagingError(f"uv export took more than {UV_SECONDS} s") from None
    if done.returncode != 0:
        raise PackagingError(f"uv export --group {group}: {done.stderr.strip()}")
    return done.stdout


def find_uv() -> str:
    """The uv that `make setup` installed, or the one on the path. Raises `PackagingError`."""
    own = ROOT / ".cache" / "uv" / "bin" / "uv"
    found = str(own) if os.access(own, os.X_OK) else shutil.which("uv")
    if found is None:
        raise PackagingError("uv is not here; get it with: make setup")
    return found
