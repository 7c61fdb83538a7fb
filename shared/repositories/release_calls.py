"""Calls of a worker release, whoever's they are: for the platform's own watch over its releases."""

from datetime import datetime

from shared.gateways.firestore import Database
from shared.models.call import Call

MOST = 2000
"""Calls that are looked at: enough for any comparison."""


class ReleaseCallRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def since(self, agent_name: str, since: datetime) -> list[Call]:
        """That were given to the release from then on, newest first, at most `MOST`."""
        documents = await self._database.group(
            "calls",
            ("agent_name", "==", agent_name),
            ("started_at", ">=", since),
            order=("started_at", "DESCENDING"),
            limit=MOST,
        )
        return [Call.from_firestore(fields) for _, fields in documents]
