"""`tenants/{t}/request_keys/{hash}`."""

from shared.gateways.firestore import Create, Database, Write
from shared.models.request_key import UsedRequestKey


class RequestKeyRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    def creation(self, tenant_id: str, key_hash: str, used: UsedRequestKey) -> Write:
        return Create(_path(tenant_id, key_hash), used.to_firestore())

    async def find(self, tenant_id: str, key_hash: str) -> UsedRequestKey | None:
        fields = await self._database.get(_path(tenant_id, key_hash))
        return None if fields is None else UsedRequestKey.from_firestore(fields)


def _path(tenant_id: str, key_hash: str) -> str:
    return f"tenants/{tenant_id}/request_keys/{key_hash}"
