"""`tenants/{t}/calls` as lists and reports read them, and their deletion."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.gateways.firestore import Database, Filter, Remove, Write
from shared.models.call import Call, CallEvent, CallState, Outcome
from shared.repositories.calls import NamedEvent, call_path
from shared.repositories.paging import Page, decode_cursor, page_of
from shared.repositories.sessions import session_path

DELETED_AT_ONCE = 300
"""Documents a commit; Firestore takes 500 writes."""


@dataclass(frozen=True)
class CallFilter:
    """None: any. Each combination with the order by time is an index of Firestore's."""

    agent_id: str | None = None
    state: CallState | None = None
    outcome: Outcome | None = None
    caller: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Not included."""

    def conditions(self) -> list[Filter]:
        found: list[Filter] = [
            (name, "==", value)
            for name in ("agent_id", "state", "outcome", "caller")
            if (value := getattr(self, name)) is not None
        ]
        if self.since is not None:
            found.append(("started_at", ">=", self.since))
        if self.until is not None:
            found.append(("started_at", "<", self.until))
        return found


class CallHistoryRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, tenant_id: str, wanted: CallFilter, limit: int, cursor: str | None) -> Page[Call]:
        """Newest first. Raises `InvalidFieldsError` for a cursor of another list."""
        documents = await self._database.page(
            _calls(tenant_id),
            *wanted.conditions(),
            order=("started_at", "DESCENDING"),
            limit=limit + 1,
            after=decode_cursor(cursor, datetime),
        )
        calls = [Call.from_firestore(fields) for _, fields in documents]
        return page_of([((call.started_at, call.session_id), call) for call in calls], limit)

    async def events_since(
        self, tenant_id: str, session_id: str, at: datetime | None, limit: int
    ) -> list[NamedEvent]:
        """The first `limit` events that happened at `at` or later, in order."""
        conditions: list[Filter] = [] if at is None else [("at", ">=", at)]
        documents = await self._database.page(
            f"{call_path(tenant_id, session_id)}/events", *conditions, order=("at", "ASCENDING"), limit=limit
        )
        return [(event_id, CallEvent.from_firestore(fields)) for event_id, fields in documents]

    async def totals(self, tenant_id: str, since: datetime, until: datetime) -> int:
        """How many calls started in that time."""
        count, _ = await self._database.totals(_calls(tenant_id), *_between(since, until))
        return count

    async def sum(self, tenant_id: str, field: str, since: datetime, until: datetime) -> float:
        """Of a numeric field, over calls that started in that time."""
        _, (total,) = await self._database.totals(_calls(tenant_id), *_between(since, until), sums=[field])
        return total

    async def delete(self, tenant_id: str, session_id: str, *along: Write) -> None:
        """Events first, the call last: what broke off can be repeated."""
        path = call_path(tenant_id, session_id)
        while batch := await self._database.page(
            f"{path}/events", order=("at", "ASCENDING"), limit=DELETED_AT_ONCE
        ):
            await self._database.commit([Remove(f"{path}/events/{event_id}") for event_id, _ in batch])
        await self._database.commit([Remove(session_path(tenant_id, session_id)), Remove(path), *along])


def _calls(tenant_id: str) -> str:
    return f"tenants/{tenant_id}/calls"


def _between(since: datetime, until: datetime) -> Sequence[Filter]:
    return [("started_at", ">=", since), ("started_at", "<", until)]
