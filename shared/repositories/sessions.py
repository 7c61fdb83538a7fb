"""`tenants/{t}/sessions/{s}`."""

from collections.abc import Callable

from shared.errors import NotFoundError
from shared.gateways.firestore import Create, Database, Fields, Write
from shared.models.session import Lease, SessionSnapshot


def session_path(tenant_id: str, session_id: str) -> str:
    return f"tenants/{tenant_id}/sessions/{session_id}"


class SessionRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, tenant_id: str, session_id: str) -> SessionSnapshot:
        """Raises `NotFoundError`."""
        fields = await self._database.get(session_path(tenant_id, session_id))
        if fields is None:
            raise NotFoundError(f"no session {session_id} of tenant {tenant_id}")
        return SessionSnapshot.from_firestore(fields)

    async def lease(self, tenant_id: str, session_id: str) -> Lease | None:
        """None: nobody ever held it, or there is no session."""
        fields = await self._database.get(session_path(tenant_id, session_id)) or {}
        return _lease_in(fields)

    def creation(self, tenant_id: str, snapshot: SessionSnapshot) -> list[Write]:
        return [Create(session_path(tenant_id, snapshot.session_id), snapshot.to_firestore())]

    async def change_lease(
        self, tenant_id: str, session_id: str, decide: Callable[[Lease | None], Lease]
    ) -> Lease:
        """Atomically replace the lease by what `decide` makes of the current one, and return it.

        `decide` may run several times. What it raises reaches the caller. Raises `NotFoundError`.
        """
        decided: list[Lease] = []

        def change(fields: Fields) -> tuple[Fields, list[Write]]:
            current = _lease_in(fields)
            lease = decide(current)
            decided.append(lease)
            return ({} if lease == current else {"lease": lease.model_dump()}), []

        # The lease is renewed every other second, the snapshot beside it is most of the document.
        await self._database.update(session_path(tenant_id, session_id), change, reading=["lease"])
        return decided[-1]


def _lease_in(session: Fields) -> Lease | None:
    stored = session.get("lease")
    return None if stored is None else Lease.model_validate(stored)
