"""`tenants/{t}/audit/{id}`."""

import secrets
from datetime import datetime

from shared.gateways.firestore import Create, Database, Filter, Write
from shared.models.audit import AuditEntry
from shared.repositories.paging import Page, decode_cursor, page_of


class AuditRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    def creation(self, tenant_id: str, entry: AuditEntry) -> Write:
        """For the commit of the change that it tells of."""
        return Create(f"{_collection(tenant_id)}/{secrets.token_hex(10)}", entry.to_firestore())

    async def page(
        self, tenant_id: str, limit: int, cursor: str | None, *, subject: str | None = None
    ) -> Page[tuple[str, AuditEntry]]:
        """Newest first, with ids; `subject` is one thing's history. Raises `InvalidFieldsError`."""
        filters: list[Filter] = [] if subject is None else [("subject", "==", subject)]
        documents = await self._database.page(
            _collection(tenant_id),
            *filters,
            order=("at", "DESCENDING"),
            limit=limit + 1,
            after=decode_cursor(cursor, datetime),
        )
        entries = [(entry_id, AuditEntry.from_firestore(fields)) for entry_id, fields in documents]
        return page_of([((entry.at, entry_id), (entry_id, entry)) for entry_id, entry in entries], limit)


def _collection(tenant_id: str) -> str:
    return f"tenants/{tenant_id}/audit"
