"""All documents, by name and by scope; what they were before; who is told when they change."""

import itertools
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from local.firestore.disk import Disk
from local.firestore.proto import Document
from local.firestore.scope import Scope, StoredDocument

_ROOT_SEGMENTS = 5
"""projects/P/databases/D/documents"""


class Change(NamedTuple):
    time: int
    name: str
    before: StoredDocument | None


Listener = Callable[[frozenset[str]], None]
"""Called after each commit with the names of the documents that it touched."""


class Store:
    def __init__(self, folder: Path | None) -> None:
        """`folder` keeps the documents across restarts; None keeps nothing."""
        self._documents: dict[str, StoredDocument] = {}
        self._scopes: dict[tuple[str, ...], Scope] = {}
        self._children: dict[str, Counter[str]] = {}
        self._history: deque[Change] = deque()
        self._snapshots: Counter[int] = Counter()
        self._listeners: set[Listener] = set()
        self._clock = 0
        self._disk: Disk | None = None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._disk = Disk(folder / "firestore.sqlite")
            for document in self._disk.load():
                stored = StoredDocument.of(document)
                self._clock = max(self._clock, stored.version)
                self._replace(stored.name, stored, stored.version)

    def close(self) -> None:
        if self._disk:
            self._disk.close()

    # Time, in microseconds since the epoch

    def now(self) -> int:
        """For reads: at or after every commit so far, before every later one."""
        self._clock = max(self._clock, time.time_ns() // 1000)
        return self._clock

    def next_commit_time(self) -> int:
        """Strictly later than every commit and read so far."""
        self._clock = max(self._clock + 1, time.time_ns() // 1000)
        return self._clock

    # Reading

    def get(self, name: str, at: int | None = None) -> StoredDocument | None:
        """The document as it is now, or was at the snapshot time `at`."""
        current = self._documents.get(name)
        if at is None or (current and current.version <= at):
            return current
        return self.changed_since(at).get(name, current)

    def scope(self, parent: str, collection_id: str, *, descendants: bool) -> Scope:
        """One collection, or with `descendants` all collections of that id (or of any, if it is empty) in the
        database: the caller narrows these to what is below its parent."""
        if not descendants:
            key = ("collection", f"{parent}/{collection_id}")
        elif collection_id:
            key = ("group", _root(parent), collection_id)
        else:
            key = ("database", _root(parent))
        return self._scopes.get(key) or Scope()

    def children(self, path: str) -> list[str]:
        """Ids of what is directly below a collection or document, whether or not it exists itself."""
        return sorted(self._children.get(path, ()))

    # Writing

    def commit(self, changes: Mapping[str, Document | None], time: int) -> None:
        """Make `changes` (None deletes) durable, then visible, then known to listeners."""
        if not changes:
            return
        if self._disk:
            self._disk.save(changes)
        for name, document in changes.items():
            if self._snapshots:
                self._history.append(Change(time, name, self._documents.get(name)))
            self._replace(name, StoredDocument.of(document) if document is not None else None, time)
        names = frozenset(changes)
        for listener in tuple(self._listeners):
            listener(names)

    def _replace(self, name: str, new: StoredDocument | None, time: int) -> None:
        old = self._documents.pop(name, None)
        if new:
            self._documents[name] = new
        for key in _scopes_of(name):
            self._scopes.setdefault(key, Scope()).replace(name, new, time)
        if (old is None) != (new is None):
            self._count(name, 1 if new else -1)

    def _count(self, name: str, by: int) -> None:
        parents = itertools.accumulate(name.split("/"), "{}/{}".format)
        for parent, child in itertools.pairwise(itertools.islice(parents, _ROOT_SEGMENTS - 1, None)):
            below = self._children.setdefault(parent, Counter())
            segment = child.rpartition("/")[2]
            below[segment] += by
            if not below[segment]:
                del below[segment]

    # Snapshots

    def pin(self) -> int:
        """Take a snapshot: until it is unpinned, everything can still be read as it is now."""
        at = self.now()
        self._snapshots[at] += 1
        return at

    def unpin(self, at: int) -> None:
        self._snapshots[at] -= 1
        if not self._snapshots[at]:
            del self._snapshots[at]
        oldest = min(self._snapshots, default=self._clock)
        while self._history and self._history[0].time <= oldest:
            self._history.popleft()

    def changed_since(self, at: int) -> dict[str, StoredDocument | None]:
        """What was changed after the snapshot `at`, as it was then."""
        before: dict[str, StoredDocument | None] = {}
        for change in reversed(self._history):
            if change.time <= at:
                break
            before[change.name] = change.before
        return before

    # Listening

    def subscribe(self, listener: Listener) -> None:
        self._listeners.add(listener)

    def unsubscribe(self, listener: Listener) -> None:
        self._listeners.discard(listener)


def _root(path: str) -> str:
    return "/".join(path.split("/", _ROOT_SEGMENTS)[:_ROOT_SEGMENTS])


def _scopes_of(name: str) -> tuple[tuple[str, ...], ...]:
    collection, _, _ = name.rpartition("/")
    collection_id = collection.rpartition("/")[2]
    root = _root(name)
    return ("collection", collection), ("group", root, collection_id), ("database", root)
