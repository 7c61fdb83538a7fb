"""`tenants/{t}/api_keys/{id}`."""

from collections.abc import Callable
from datetime import datetime

from shared.gateways.firestore import Create, Database, Write
from shared.models.api_key import ApiKey
from shared.repositories.paging import Page, decode_cursor, page_of


class ApiKeyRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, tenant_id: str, key_id: str) -> ApiKey | None:
        fields = await self._database.get(_path(tenant_id, key_id))
        return None if fields is None else ApiKey.from_firestore(fields)

    async def page(self, tenant_id: str, limit: int, cursor: str | None) -> Page[tuple[str, ApiKey]]:
        """Newest first, with ids. Raises `InvalidFieldsError`."""
        documents = await self._database.page(
            f"tenants/{tenant_id}/api_keys",
            order=("created_at", "DESCENDING"),
            limit=limit + 1,
            after=decode_cursor(cursor, datetime),
        )
        keys = [(key_id, ApiKey.from_firestore(fields)) for key_id, fields in documents]
        return page_of([((key.created_at, key_id), (key_id, key)) for key_id, key in keys], limit)

    def creation(self, tenant_id: str, key_id: str, key: ApiKey) -> Write:
        return Create(_path(tenant_id, key_id), key.to_firestore())

    async def remove(self, tenant_id: str, key_id: str, decide: Callable[[ApiKey], list[Write]]) -> None:
        """`decide` returns what is written along. Raises `NotFoundError`."""
        await self._database.remove(
            _path(tenant_id, key_id), lambda fields: decide(ApiKey.from_firestore(fields))
        )


def _path(tenant_id: str, key_id: str) -> str:
    return f"tenants/{tenant_id}/api_keys/{key_id}"
