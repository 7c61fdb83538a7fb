"""Cursors: where a page ended, so that the next one starts there whatever came or went meanwhile."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from shared.errors import InvalidFieldsError
from shared.models.base import in_our_time

T = TypeVar("T")

Position = tuple[str | datetime, str]
"""The value that the list is ordered by, and the document's id."""


@dataclass(frozen=True)
class Page(Generic[T]):
    items: Sequence[T]
    next_cursor: str | None
    """None: this is the last page."""


def encode_cursor(position: Position) -> str:
    value, document_id = position
    kind = "t" if isinstance(value, datetime) else "s"
    text = value.isoformat() if isinstance(value, datetime) else value
    return base64.urlsafe_b64encode(json.dumps([kind, text, document_id]).encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, kind: type[str] | type[datetime]) -> Position | None:
    """`kind` is the type of the value that the list is ordered by. Raises `InvalidFieldsError`."""
    if cursor is None:
        return None
    try:
        return _decoded(cursor, kind)
    except (binascii.Error, ValueError, TypeError, RecursionError):
        raise InvalidFieldsError([("cursor", "is not a cursor that this list gave out")]) from None


def _decoded(cursor: str, kind: type[str] | type[datetime]) -> Position:
    padded = cursor + "=" * (-len(cursor) % 4)
    tag, text, document_id = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    if not (isinstance(text, str) and isinstance(document_id, str)):
        raise TypeError("not a position")
    value = datetime.fromisoformat(text) if tag == "t" else text
    if not isinstance(value, kind) or not _is_document_id(document_id):
        raise TypeError("a position in another list")
    if isinstance(value, datetime) and in_our_time(value).tzinfo is None:
        raise TypeError("a time without a zone")
    text.encode()  # half of a surrogate pair is no text that could be stored
    return value, document_id


def _is_document_id(text: str) -> bool:
    return (
        0 < len(text) <= 200
        and text.isascii()
        and text.isprintable()
        and "/" not in text
        and text[0] not in "_."
    )


def page_of(found: Sequence[tuple[Position, T]], limit: int) -> Page[T]:
    """`found` has up to `limit` + 1 items with their positions: the one too many says that there is more."""
    items = [item for _, item in found[:limit]]
    return Page(items, encode_cursor(found[limit - 1][0]) if len(found) > limit else None)
