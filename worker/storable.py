"""What models and tools made up, as a Firestore document can hold it.

Firestore refuses some JSON, and with one such event its whole batch, however often it is written again.
https://firebase.google.com/docs/firestore/quotas#collections_documents_and_fields
"""

import json
import re
from typing import Any, cast

DEEPEST = 18
"""Levels of maps and lists; a document may have 20, of which it and an event's data are the first."""
LONGEST_NAME = 200
"""Characters of a field's name; 1,500 bytes are allowed."""
MOST_CHARACTERS = 100_000
"""Of JSON: a tenth of the largest document. What is longer is cut off."""

_RESERVED = re.compile(r"__.*__", re.DOTALL)
_INT64 = range(-(2**63), 2**63)


def storable(data: dict[str, Any]) -> dict[str, Any]:
    """The same, with text in place of what has no place: lists in lists, nameless fields, endless depth."""
    return {name: _bounded(_fitting(value, 1)) for name, value in data.items()}


def _bounded(value: Any) -> Any:
    text = value if isinstance(value, str) else _text(value)
    return value if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS]


def _fitting(value: Any, depth: int) -> Any:
    match value:
        case str():
            return value.encode(errors="replace").decode()  # half of a surrogate pair is no character
        case int() if value not in _INT64:
            return str(value)
        case dict():
            fields = cast("dict[str, Any]", value)
            if depth > DEEPEST or not all(_is_name(name) for name in fields):
                return _text(fields)
            return {name: _fitting(item, depth + 1) for name, item in fields.items()}
        case list():
            items = cast("list[Any]", value)
            if depth > DEEPEST:
                return _text(items)
            return [_text(item) if isinstance(item, list) else _fitting(item, depth + 1) for item in items]
        case _:
            return value


def _is_name(name: str) -> bool:
    is_text = name == name.encode(errors="replace").decode()
    return is_text and 0 < len(name) <= LONGEST_NAME and not _RESERVED.fullmatch(name)


def _text(value: Any) -> str:
    return json.dumps(value, default=str)
