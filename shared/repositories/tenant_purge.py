"""Deleting everything that lies under a tenant, and what names it elsewhere."""

from collections.abc import Sequence
from datetime import datetime

from shared.gateways.firestore import Database, Remove
from shared.models.tenant import Tenant

AT_ONCE = 300
"""Documents a commit; Firestore takes 500 writes."""


class TenantPurgeRepository:
    """Every method may be repeated after it broke off; each answers how many documents it deleted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, tenant_id: str) -> Tenant | None:
        fields = await self._database.get(f"tenants/{tenant_id}")
        return None if fields is None else Tenant.from_firestore(fields)

    async def numbers(self, tenant_id: str) -> list[str]:
        found = await self._database.query("phone_numbers", ("tenant_id", "==", tenant_id))
        return [number for number, _ in found]

    async def call_ids(self, tenant_id: str) -> list[str]:
        """Also of calls of which only events are left."""
        return await self._database.ids(f"tenants/{tenant_id}/calls")

    async def recording_sids(self, tenant_id: str) -> list[str]:
        """Of recordings that lie at Twilio, also those whose calls are gone."""
        return await self._database.ids(f"tenants/{tenant_id}/recordings")

    async def leases(self, tenant_id: str, now: datetime) -> int:
        """Agents that are in a call, or are about to leave it."""
        return await self._database.count(f"tenants/{tenant_id}/sessions", ("lease.expires_at", ">", now))

    async def collection(self, tenant_id: str, name: str, *, below: Sequence[str] = ()) -> int:
        """All documents of `tenants/{t}/{name}`, those of the collections `below` each of them first."""
        path, deleted = f"tenants/{tenant_id}/{name}", 0
        ids = await self._database.ids(path)
        for document_id in ids:
            for inner in below:
                deleted += await self._all(f"{path}/{document_id}/{inner}")
        return deleted + await self._remove(path, ids)

    async def consents(self, tenant_id: str) -> int:
        """That were begun and not finished."""
        found = await self._database.query("oauth_states", ("tenant_id", "==", tenant_id))
        return await self._remove("oauth_states", [state_id for state_id, _ in found])

    async def tenant(self, tenant_id: str) -> None:
        await self._database.commit([Remove(f"tenants/{tenant_id}")])

    async def _all(self, path: str) -> int:
        return await self._remove(path, await self._database.ids(path))

    async def _remove(self, path: str, ids: Sequence[str]) -> int:
        for start in range(0, len(ids), AT_ONCE):
            batch = ids[start : start + AT_ONCE]
            await self._database.commit([Remove(f"{path}/{document_id}") for document_id in batch])
        return len(ids)
