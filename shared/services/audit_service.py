"""Who changed what: entries for the commits of changes, and their list."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from shared.gateways.firestore import Database, Write
from shared.models.audit import Actor, AuditAction, AuditEntry, Change
from shared.models.base import utc_now
from shared.repositories.audit import AuditRepository
from shared.repositories.paging import Page


class AuditService:
    """`now` is the clock, with a time zone."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self._entries = AuditRepository(database)

    def entry(
        self,
        tenant_id: str,
        actor: Actor,
        action: AuditAction,
        subject: str,
        changes: Mapping[str, Change] | None = None,
    ) -> Write:
        """To be committed together with the change itself."""
        entry = AuditEntry(
            at=self._now(), actor=actor, action=action, subject=subject, changes=dict(changes or {})
        )
        return self._entries.creation(tenant_id, entry)

    async def list_entries(
        self, tenant_id: str, limit: int, cursor: str | None, *, subject: str | None = None
    ) -> Page[tuple[str, AuditEntry]]:
        """Newest first. Raises `InvalidFieldsError` for a cursor of another list."""
        return await self._entries.page(tenant_id, limit, cursor, subject=subject)


def changes_between(before: BaseModel | None, after: BaseModel | None) -> dict[str, Change]:
    """Field by field, as JSON values; None is a document that is not there."""
    old, new = _fields(before), _fields(after)
    return {
        name: Change(before=old.get(name), after=new.get(name))
        for name in [*old, *(name for name in new if name not in old)]
        if old.get(name) != new.get(name)
    }


def _fields(document: BaseModel | None) -> dict[str, Any]:
    return {} if document is None else document.model_dump(mode="json")
