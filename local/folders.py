"""Folders that a person names are made, or refused before anything starts."""

import tempfile
from pathlib import Path

from shared.input_files import InputError


def made_folder(path: Path) -> Path:
    """Make it unless it is there. Raises `InputError` when it cannot be written."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path).close()  # tells what is wrong: whose it is, or how it is mounted
    except OSError as error:
        raise InputError(f"{path}: expected a folder that can be written: {error.strerror}") from None
    return path
