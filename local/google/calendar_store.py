"""Calendars and their events in SQLite: event resources as JSON, by account, calendar and id."""

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

Event = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS calendars (
    account TEXT NOT NULL, id TEXT NOT NULL, summary TEXT NOT NULL, time_zone TEXT NOT NULL,
    PRIMARY KEY (account, id)
);
CREATE TABLE IF NOT EXISTS events (
    account TEXT NOT NULL, calendar TEXT NOT NULL, id TEXT NOT NULL, series TEXT, resource TEXT NOT NULL,
    PRIMARY KEY (account, calendar, id)
);
"""


@dataclass(frozen=True)
class Calendar:
    account: str
    id: str
    summary: str
    time_zone: str

    @property
    def primary(self) -> bool:
        return self.id == self.account


class CalendarStore:
    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.executescript(_SCHEMA)

    def put_calendar(self, calendar: Calendar) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO calendars VALUES (?, ?, ?, ?)",
            (calendar.account, calendar.id, calendar.summary, calendar.time_zone),
        )

    def calendar(self, account: str, calendar_id: str) -> Calendar | None:
        """`primary` is the calendar whose id is the account's e-mail."""
        row = self._database.execute(
            "SELECT * FROM calendars WHERE account = ? AND id = ?",
            (account, account if calendar_id == "primary" else calendar_id),
        ).fetchone()
        return None if row is None else Calendar(*row)

    def calendars(self, account: str) -> list[Calendar]:
        """The primary one first."""
        rows = self._database.execute(
            "SELECT * FROM calendars WHERE account = ? ORDER BY id != account, id", (account,)
        )
        return [Calendar(*row) for row in rows]

    def put(self, calendar: Calendar, event: Event) -> None:
        """New or changed."""
        self._database.execute(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET series = excluded.series, resource = excluded.resource",
            (calendar.account, calendar.id, event["id"], event.get("recurringEventId"), json.dumps(event)),
        )

    def get(self, calendar: Calendar, event_id: str) -> Event | None:
        row = self._database.execute(
            "SELECT resource FROM events WHERE account = ? AND calendar = ? AND id = ?",
            (calendar.account, calendar.id, event_id),
        ).fetchone()
        return None if row is None else json.loads(row["resource"])

    def events(self, calendar: Calendar) -> list[Event]:
        """All, cancelled ones and exceptions to series included, in the order of their creation."""
        rows = self._database.execute(
            "SELECT resource FROM events WHERE account = ? AND calendar = ? ORDER BY rowid",
            (calendar.account, calendar.id),
        )
        return [json.loads(row["resource"]) for row in rows]

    def exceptions(self, calendar: Calendar, series: str) -> list[Event]:
        """Instances of the series that were changed or cancelled."""
        rows = self._database.execute(
            "SELECT resource FROM events WHERE account = ? AND calendar = ? AND series = ?",
            (calendar.account, calendar.id, series),
        )
        return [json.loads(row["resource"]) for row in rows]

    def clear(self, calendar: Calendar) -> None:
        self._database.execute(
            "DELETE FROM events WHERE account = ? AND calendar = ?", (calendar.account, calendar.id)
        )
