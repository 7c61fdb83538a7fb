"""Files that a person writes (scenarios, seed data) are checked before anything starts."""

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

ModelT = TypeVar("ModelT", bound=BaseModel)


class InputError(Exception):
    """A mistake in a file: one line that names the file, the field and what was expected."""


def load_yaml(path: Path, model: type[ModelT]) -> ModelT:
    """Raises `InputError` for a file that is missing, is not YAML or does not fit `model`."""
    try:
        data: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None
    except yaml.YAMLError as error:
        raise InputError(f"{path}: is not YAML: {' '.join(str(error).split())}") from None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "the file"
        if first["type"] == "value_error":  # our own words, which tell what was found
            raise InputError(f"{path}: {field}: {first['msg'].removeprefix('Value error, ')}") from None
        raise InputError(f"{path}: {field}: {first['msg']} (found {first['input']!r:.80})") from None
