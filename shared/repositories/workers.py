"""`workers/{id}`: of the platform, not of a tenant."""

from datetime import datetime, timedelta

from shared.gateways.firestore import Database, Put
from shared.models.worker import WorkerHeartbeat

KEPT = timedelta(days=1)


class WorkerRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def beat(self, worker_id: str, at: datetime) -> None:
        heartbeat = WorkerHeartbeat(at=at, expires_at=at + KEPT)
        await self._database.commit([Put(_path(worker_id), heartbeat.to_firestore())])

    async def last_beat(self, worker_id: str) -> datetime | None:
        fields = await self._database.get(_path(worker_id))
        return None if fields is None else WorkerHeartbeat.from_firestore(fields).at


def _path(worker_id: str) -> str:
    return f"workers/{worker_id}"
