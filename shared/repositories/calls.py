"""`tenants/{t}/calls/{s}` and its events."""

from collections.abc import Callable, Iterable
from datetime import datetime

from shared.errors import NotFoundError
from shared.gateways.firestore import Create, Database, Fields, Put, Write
from shared.models.call import Call, CallEvent

NamedEvent = tuple[str, CallEvent]
"""An event with its document id."""


def call_path(tenant_id: str, session_id: str) -> str:
    return f"tenants/{tenant_id}/calls/{session_id}"


class CallRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, tenant_id: str, session_id: str) -> Call:
        """Raises `NotFoundError`."""
        fields = await self._database.get(call_path(tenant_id, session_id))
        if fields is None:
            raise NotFoundError(f"no call {session_id} of tenant {tenant_id}")
        return Call.from_firestore(fields)

    def creation(self, tenant_id: str, call: Call, events: Iterable[NamedEvent]) -> list[Write]:
        path = call_path(tenant_id, call.session_id)
        return [Create(path, call.to_firestore()), *_event_writes(path, events, call.expires_at)]

    async def create(self, tenant_id: str, call: Call, events: Iterable[NamedEvent]) -> None:
        """Raises `AlreadyExistsError`."""
        await self._database.commit(self.creation(tenant_id, call, events))

    async def change(
        self,
        tenant_id: str,
        session_id: str,
        decide: Callable[[Call], tuple[Fields, list[NamedEvent]]],
        *,
        along: Callable[[Call], list[Write]] = lambda _: [],
    ) -> bool:
        """Atomically apply what `decide` makes of the current call, with the events that tell of it.

        `decide` may run several times. `along` is written in the same commit. False: it asked for no change.
        Raises `NotFoundError`.
        """
        path = call_path(tenant_id, session_id)

        def change(fields: Fields) -> tuple[Fields, list[Write]]:
            call = Call.from_firestore(fields)
            changes, events = decide(call)
            return changes, [*_event_writes(path, events, call.expires_at), *along(call)]

        return await self._database.update(path, change)

    async def append_events(
        self, tenant_id: str, session_id: str, events: Iterable[NamedEvent], expires_at: datetime | None
    ) -> None:
        """One commit. Writing the same events again changes nothing."""
        await self._database.commit(_event_writes(call_path(tenant_id, session_id), events, expires_at))

    async def read_events(self, tenant_id: str, session_id: str) -> list[NamedEvent]:
        """In order of time; events of the same moment in order of their ids."""
        documents = await self._database.query(f"{call_path(tenant_id, session_id)}/events", order_by="at")
        return [(event_id, CallEvent.from_firestore(fields)) for event_id, fields in documents]

    async def count_active(self, tenant_id: str, now: datetime) -> int:
        """Calls that count against the tenant's limit."""
        return await self._database.count(f"tenants/{tenant_id}/calls", ("active_until", ">", now))

    async def active(self, tenant_id: str, now: datetime) -> list[Call]:
        """The calls that `count_active` counts."""
        found = await self._database.query(f"tenants/{tenant_id}/calls", ("active_until", ">", now))
        return [Call.from_firestore(fields) for _, fields in found]


def _event_writes(call: str, events: Iterable[NamedEvent], expires_at: datetime | None) -> list[Write]:
    return [
        Put(
            f"{call}/events/{event_id}",
            {**event.to_firestore(), "expires_at": event.expires_at or expires_at},
        )
        for event_id, event in events
    ]
