"""Folders that a person names are made, or refused before anything starts."""

import os
from pathlib import Path

from shared.input_files import InputError


def made_folder(path: Path) -> Path:
    """Make it unless it is there. Raises `InputError` when it cannot be written."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path}: expected a folder that can be written: {error.strerror}") from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise InputError(f"{path}: expected a folder that can be written: it belongs to somebody else")
    return path
