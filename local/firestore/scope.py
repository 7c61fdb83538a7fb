"""The documents among which a query searches, and indexes over them.

An index is made when a query first needs it and kept up to date from then on, as Firestore's composite
indexes are: a page of a large collection is a walk along one, never a sort of everything.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Self

from local.firestore import field_paths
from local.firestore.proto import Document, microseconds
from local.firestore.values import HIGHEST, Key, name_key, sort_key

_MAX_INDEXES = 32


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A committed version of a document; never changed, only replaced."""

    name: str
    key: Key
    """Of the name."""
    version: int
    """Update time in microseconds."""
    document: Document

    @classmethod
    def of(cls, document: Document) -> Self:
        return cls(document.name, name_key(document.name), microseconds(document.update_time), document)


KeyOf = Callable[[StoredDocument], Key | None]


def key_of(path: str) -> KeyOf:
    """How to get the key of one field, or None where the document lacks it."""
    if path == field_paths.DOCUMENT_NAME:
        return lambda stored: stored.key
    parts = field_paths.split(path)

    def key(stored: StoredDocument) -> Key | None:
        value = field_paths.get(stored.document.fields, parts)
        return None if value is None else sort_key(value)

    return key


class Index:
    """The documents that have all of `paths`, ordered by those fields and then by name."""

    def __init__(self, paths: tuple[str, ...], documents: Iterable[StoredDocument]) -> None:
        self._keys = [key_of(path) for path in paths]
        self._entries: list[tuple[Any, ...]] = sorted(
            entry for stored in documents if (entry := self._entry(stored))
        )

    def _entry(self, stored: StoredDocument) -> tuple[Any, ...] | None:
        keys = [key(stored) for key in self._keys]
        return None if None in keys else (*keys, stored.key, stored)

    def add(self, stored: StoredDocument) -> None:
        if entry := self._entry(stored):
            insort(self._entries, entry)

    def remove(self, stored: StoredDocument) -> None:
        if entry := self._entry(stored):
            del self._entries[bisect_left(self._entries, entry[:-1])]

    def before(self, keys: tuple[Any, ...]) -> int:
        """The position of the first entry that begins with `keys`, or would."""
        return bisect_left(self._entries, keys)

    def after(self, keys: tuple[Any, ...]) -> int:
        """The position behind the last entry that begins with `keys`."""
        return bisect_left(self._entries, (*keys, HIGHEST))

    def walk(self, low: int, high: int, *, backwards: bool) -> Iterable[StoredDocument]:
        positions = range(high - 1, low - 1, -1) if backwards else range(low, high)
        return (self._entries[position][-1] for position in positions)


class Scope:
    """A collection, or all collections of one id, or a whole database."""

    def __init__(self) -> None:
        self.documents: dict[str, StoredDocument] = {}
        self.changed_at = 0
        """Commit time of the last change."""
        self._indexes: dict[tuple[str, ...], Index] = {}

    def replace(self, name: str, new: StoredDocument | None, time: int) -> None:
        old = self.documents.pop(name, None)
        if new:
            self.documents[name] = new
        for index in self._indexes.values():
            if old:
                index.remove(old)
            if new:
                index.add(new)
        self.changed_at = time

    def index(self, paths: tuple[str, ...]) -> Index:
        index = self._indexes.pop(paths, None) or Index(paths, self.documents.values())
        self._indexes[paths] = index  # the most recently used one is the last
        if len(self._indexes) > _MAX_INDEXES:
            del self._indexes[next(iter(self._indexes))]
        return index
