"""Copying what a part of the product runs, and nothing else, into a folder."""

import shutil
from pathlib import Path

from operations.packaging.import_graph import modules_below, needed_modules

ROOT = Path(__file__).resolve().parents[2]
OURS = frozenset({"functions", "shared", "worker"})


def stage(part: Path, folder: Path, root: Path = ROOT) -> None:
    """Fill `folder` anew with the package `part` of `root` and what it needs of ours.

    Raises `PackagingError`.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for source in needed_files(part, root):
        target = folder / source.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def needed_files(part: Path, root: Path = ROOT) -> list[Path]:
    """All modules of the package, what they import of ours, and the data beside those modules."""
    modules = needed_modules(root, modules_below(root, part), OURS)
    folders = {file.parent for file in modules.values()}
    data = {file for folder in folders for file in folder.iterdir() if _is_data(file)}
    return sorted({*modules.values(), *data})


def _is_data(file: Path) -> bool:
    """Anything but code, and but what the image itself is built from."""
    is_code = file.suffix in (".py", ".pyc", ".sh") or file.name == "Dockerfile"
    return file.is_file() and not is_code and not file.name.startswith(".")
