"""Calls that something is missing of, whoever's they are: for the platform's own last look at them."""

from datetime import datetime

from shared.gateways.firestore import Database, Filter
from shared.models.call import Call, Outcome
from shared.repositories.tenants import tenant_of

MOST = 500
"""Calls that are looked at in one go, the oldest first."""

TenantCall = tuple[str, Call]
"""A call with the id of its tenant."""


class UnsettledCallRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def without_outcome(self, started_before: datetime) -> list[TenantCall]:
        return await self._started(("outcome", "==", None), ("started_at", "<=", started_before))

    async def at_voicemail(self, since: datetime) -> list[TenantCall]:
        """That ended there; without a recording, most of these callers said nothing."""
        return await self._started(("outcome", "==", Outcome.VOICEMAIL.value), ("started_at", ">=", since))

    async def _started(self, *filters: Filter) -> list[TenantCall]:
        documents = await self._database.group(
            "calls", *filters, order=("started_at", "ASCENDING"), limit=MOST
        )
        return [(tenant_of(path), Call.from_firestore(fields)) for path, fields in documents]
