"""What survives a restart: the account's numbers, calls and recordings, in SQLite and WAV files."""

import hashlib
import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from shared.models.base import PhoneNumber


def sid(prefix: str, seed: str) -> str:
    """Twilio's ids: two letters and 32 hexadecimal digits."""
    return prefix + hashlib.md5(seed.encode(), usedforsecurity=False).hexdigest()


def rfc2822(moment: datetime | None) -> str | None:
    return None if moment is None else format_datetime(moment)


FINAL_STATUSES = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Number(_Record):
    """An IncomingPhoneNumber; what the account owner configures on it."""

    phone_number: PhoneNumber
    friendly_name: str = ""
    voice_url: str = ""
    voice_method: Literal["GET", "POST"] = "POST"
    voice_fallback_url: str = ""
    voice_fallback_method: Literal["GET", "POST"] = "POST"
    status_callback: str = ""
    status_callback_method: Literal["GET", "POST"] = "POST"
    voice_application_sid: Annotated[str, Field(pattern="^(AP[0-9a-f]{32})?$")] = ""
    trunk_sid: Annotated[str, Field(pattern="^(TK[0-9a-f]{32})?$")] = ""
    """Either comes before the URLs at Twilio; a number that has one rings nobody here."""
    status_callback_events: list[str] = ["completed"]
    """A number really reports `completed` alone; tests may ask for the events before it."""

    @property
    def sid(self) -> str:
        return sid("PN", self.phone_number)


class CallRecord(_Record):
    sid: str
    parent_call_sid: str | None = None
    phone_number_sid: str | None = None
    from_: str
    to: str
    direction: Literal["inbound", "outbound-dial"]
    status: str
    created_at: datetime
    start_time: datetime | None = None
    """When it was answered."""
    end_time: datetime | None = None
    sip_response_code: int | None = None

    @property
    def ended(self) -> bool:
        return self.status in FINAL_STATUSES

    @property
    def duration(self) -> int:
        """Whole seconds from the answer to the end."""
        if self.start_time is None:
            return 0
        return round(((self.end_time or datetime.now(UTC)) - self.start_time).total_seconds())


class Recording(_Record):
    sid: str
    call_sid: str
    source: Literal["RecordVerb", "DialVerb"]
    channels: int
    started_at: datetime
    seconds: int


RecordT = TypeVar("RecordT", bound=_Record)

_TABLES = ("numbers", "calls", "recordings")


class Store:
    """Each record is one row of JSON; SQLite without waiting for the disk, so writing is microseconds."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._db = sqlite3.connect(folder / "twilio.sqlite", isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        for table in _TABLES:
            self._db.execute(f"CREATE TABLE IF NOT EXISTS {table} (id TEXT PRIMARY KEY, value TEXT NOT NULL)")
        self.numbers = {n.phone_number: n for n in self._load(Number, "numbers")}
        self.calls = {c.sid: c for c in self._load(CallRecord, "calls")}
        self.recordings = {r.sid: r for r in self._load(Recording, "recordings")}
        self._end_lost_calls()

    def close(self) -> None:
        self._db.close()

    def put_number(self, number: Number) -> None:
        self.numbers[number.phone_number] = number
        self._write("numbers", number.phone_number, number)

    def put_call(self, call: CallRecord) -> None:
        self.calls[call.sid] = call
        self._write("calls", call.sid, call)

    def put_recording(self, recording: Recording) -> None:
        self.recordings[recording.sid] = recording
        self._write("recordings", recording.sid, recording)

    def delete_recording(self, recording: Recording) -> None:
        del self.recordings[recording.sid]
        self._db.execute("DELETE FROM recordings WHERE id = ?", (recording.sid,))
        self.recording_file(recording.sid).unlink(missing_ok=True)

    def recording_file(self, recording_sid: str) -> Path:
        return self._folder / "recordings" / f"{recording_sid}.wav"

    def _end_lost_calls(self) -> None:
        """Calls that were up when the process died."""
        for call in list(self.calls.values()):
            if not call.ended:
                self.put_call(call.model_copy(update={"status": "failed", "end_time": datetime.now(UTC)}))

    def _load(self, model: type[RecordT], table: str) -> Iterable[RecordT]:
        rows = self._db.execute(f"SELECT value FROM {table} ORDER BY rowid")  # noqa: S608 - our own names
        return [model.model_validate_json(value) for (value,) in rows]

    def _write(self, table: str, key: str, value: BaseModel) -> None:
        upsert = f"INSERT INTO {table} VALUES (?, ?) ON CONFLICT(id) DO UPDATE SET value = excluded.value"  # noqa: S608
        self._db.execute(upsert, (key, value.model_dump_json()))
