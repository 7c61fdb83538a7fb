"""Documents in a SQLite file."""

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

from local.firestore.proto import Document


class Disk:
    def __init__(self, file: Path) -> None:
        self._db = sqlite3.connect(file, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        # A killed process loses nothing: the kernel has every commit. Only a power cut could, and waiting for
        # the platter with every commit would make the laptop slower than the cloud.
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS documents (name TEXT PRIMARY KEY, document BLOB NOT NULL)"
        )

    def load(self) -> Iterator[Document]:
        for (data,) in self._db.execute("SELECT document FROM documents"):
            yield Document.FromString(data)

    def save(self, changes: Mapping[str, Document | None]) -> None:
        """All of `changes` or, if the process dies, none. None deletes."""
        self._db.execute("BEGIN")
        for name, document in changes.items():
            if document is None:
                self._db.execute("DELETE FROM documents WHERE name = ?", (name,))
            else:
                self._db.execute("REPLACE INTO documents VALUES (?, ?)", (name, document.SerializeToString()))
        self._db.execute("COMMIT")

    def close(self) -> None:
        self._db.close()
