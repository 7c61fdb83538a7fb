"""Each function as Cloud Functions builds it: `main.py` and `requirements.txt` at the top, and no more code
than it runs."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from operations.packaging.archive import write_archive
from operations.packaging.import_graph import PackagingError
from operations.packaging.staging import ROOT, stage

FUNCTIONS = ("incoming_call", "oauth", "tools_api")

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
    own, folder = root / "functions" / name, build / name
    if not (own / "main.py").is_file():
        raise PackagingError(f"{own} is not a function: it has no main.py")
    stage(own, folder, root)
    (folder / "main.py").write_text(MAIN.format(name=name), encoding="utf-8")
    (folder / "requirements.txt").write_text(requirements(name, root), encoding="utf-8")
    archive = build / f"{name}.zip"
    return Staged(name, folder, archive, write_archive(folder, archive))


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
