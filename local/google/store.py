"""The SQLite file in which all of Google's services on the laptop keep what must survive a restart."""

import sqlite3
from pathlib import Path


def open_database(folder: Path) -> sqlite3.Connection:
    """Every statement is its own transaction; rows are read by column name."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "google.sqlite"
    file.touch(mode=0o600)  # people may store real credentials in their laptop cloud
    database = sqlite3.connect(file, isolation_level=None)
    database.row_factory = sqlite3.Row
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    return database
