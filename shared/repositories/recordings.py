"""`tenants/{t}/recordings/{recording_sid}`."""

from datetime import datetime

from shared.gateways.firestore import Database, Put, Remove, Write
from shared.models.recording import StoredRecording

NamedRecording = tuple[str, StoredRecording]
"""A recording with Twilio's id of it."""


class RecordingRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, tenant_id: str, recording_sid: str, recording: StoredRecording) -> Write:
        return Put(_path(tenant_id, recording_sid), recording.to_firestore())

    def removal(self, tenant_id: str, recording_sid: str) -> Write:
        return Remove(_path(tenant_id, recording_sid))

    async def overdue(self, tenant_id: str, now: datetime, limit: int) -> list[NamedRecording]:
        """The first `limit` whose time is over, the oldest first."""
        documents = await self._database.page(
            f"tenants/{tenant_id}/recordings",
            ("delete_after", "<=", now),
            order=("delete_after", "ASCENDING"),
            limit=limit,
        )
        return [(sid, StoredRecording.from_firestore(fields)) for sid, fields in documents]


def _path(tenant_id: str, recording_sid: str) -> str:
    return f"tenants/{tenant_id}/recordings/{recording_sid}"
