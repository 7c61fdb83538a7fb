"""Field paths such as `config.calendar_id` or `` data.`with.dot` ``, in masks, transforms and queries."""

import re
from collections.abc import Iterable, MutableMapping

from local.firestore.errors import invalid
from local.firestore.proto import Document, Value
from local.firestore.values import check_field_name

DOCUMENT_NAME = "__name__"

Parts = tuple[str, ...]
Fields = MutableMapping[str, Value]

_SEGMENT = re.compile(r"`((?:[^`\\]|\\.)+)`|([a-zA-Z_][a-zA-Z_0-9]*)")


def split(path: str) -> Parts:
    """Raises INVALID_ARGUMENT for a path that does not parse."""
    parts: list[str] = []
    position = 0
    while match := _SEGMENT.match(path, position):
        quoted, plain = match.groups()
        part = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        if path != DOCUMENT_NAME:
            check_field_name(part)
        parts.append(part)
        position = match.end()
        if position == len(path):
            return tuple(parts)
        if path[position] != ".":
            break
        position += 1
    raise invalid(f'Invalid property path "{path}".')


def get(fields: Fields, parts: Parts) -> Value | None:
    *parents, last = parts
    for part in parents:
        if part not in fields or not fields[part].HasField("map_value"):
            return None
        fields = fields[part].map_value.fields
    return fields.get(last)


def put(fields: Fields, parts: Parts, value: Value) -> None:
    """Maps on the way are made; anything else on the way is replaced by a map."""
    *parents, last = parts
    for part in parents:
        if part not in fields or not fields[part].HasField("map_value"):
            fields[part].map_value.SetInParent()
        fields = fields[part].map_value.fields
    fields[last].CopyFrom(value)


def delete(fields: Fields, parts: Parts) -> None:
    *parents, last = parts
    for part in parents:
        if part not in fields or not fields[part].HasField("map_value"):
            return
        fields = fields[part].map_value.fields
    fields.pop(last, None)


def project(document: Document, paths: Iterable[str]) -> Document:
    """The document with only the fields that `paths` name."""
    result = Document(name=document.name, create_time=document.create_time, update_time=document.update_time)
    for path in paths:
        parts = split(path)
        value = None if path == DOCUMENT_NAME else get(document.fields, parts)
        if value is not None:
            put(result.fields, parts, value)
    return result
