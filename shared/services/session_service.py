"""Sessions: the snapshot a call runs on, and the lease that lets exactly one agent speak in it."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

from shared.errors import TrunklineError
from shared.gateways.firestore import Database, Write
from shared.models.agent import Agent
from shared.models.agent_tool import AgentTool
from shared.models.base import utc_now
from shared.models.call import Call, CallState
from shared.models.session import Lease, SessionSnapshot, room_name_for
from shared.models.tenant import Tenant
from shared.repositories.calls import CallRepository, NamedEvent
from shared.repositories.sessions import SessionRepository
from shared.repositories.workers import WorkerRepository

LEASE_TTL = timedelta(seconds=6)
"""How long a dead agent keeps the room to itself when nobody saw it die; a caller hears nothing meanwhile.

Not shorter: agents on a machine that is too busy for a moment would be taken for dead, and replacing them
takes what is left of it."""

DEAD_AFTER = timedelta(seconds=3)
"""An agent is dead, whatever is left of its lease, when for so long neither it has renewed that lease nor its
worker's main process has been heard of. Both are silent together when their machine is gone."""

ACTIVE_MARGIN = timedelta(minutes=3)
"""How long past its maximum length a call may count as active, if nobody noticed its end."""

RELEASED = datetime(1970, 1, 1, tzinfo=UTC)
"""`expires_at` of a lease that was given back: in the past by anybody's clock."""


class LeaseHeldError(TrunklineError):
    """Another agent speaks in this session and is alive."""


class LeaseLostError(TrunklineError):
    """Another agent took the session over: be silent and leave."""


def new_call(
    tenant: Tenant,
    agent_id: str,
    agent: Agent,
    now: datetime,
    *,
    session_id: str,
    call_sid: str,
    caller: str | None,
    called: str | None,
    source: Literal["phone", "web"],
    agent_name: str,
) -> Call:
    """The record of a call that begins now; numbers are E.164."""
    return Call(
        session_id=session_id,
        agent_id=agent_id,
        call_sid=call_sid,
        state=CallState.RINGING,
        caller=caller,
        called=called,
        source=source,
        started_at=now,
        active_until=now + timedelta(seconds=agent.max_call_seconds) + ACTIVE_MARGIN,
        dispatches=["incoming"],
        dispatched_at=[now],
        agent_name=agent_name,
        model=agent.model,
        expires_at=now + timedelta(days=tenant.retention_days),
    )


def new_session(
    tenant_id: str, tenant: Tenant, call: Call, agent: Agent, tools: list[AgentTool]
) -> SessionSnapshot:
    """What the agent of `call` will run on; `tools` are the enabled ones."""
    assert call.expires_at is not None
    return SessionSnapshot(
        session_id=call.session_id,
        tenant_id=tenant_id,
        agent_id=call.agent_id,
        call_sid=call.call_sid,
        caller=call.caller,
        called=call.called,
        room=room_name_for(call.session_id),
        agent_name=call.agent_name,
        agent=agent,
        tools=tools,
        max_concurrent_calls=tenant.max_concurrent_calls,
        started_at=call.started_at,
        expires_at=call.expires_at,
    )


class SessionManager:
    """`now` is the clock, with a time zone."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._now = now
        self._sessions = SessionRepository(database)
        self._calls = CallRepository(database)
        self._workers = WorkerRepository(database)

    async def start_session(
        self, snapshot: SessionSnapshot, call: Call, events: list[NamedEvent], *, along: Sequence[Write] = ()
    ) -> None:
        """Write the snapshot, the call and its first events in one commit, and what goes `along`.

        Raises `AlreadyExistsError` when the session has been started before.
        """
        tenant_id = snapshot.tenant_id
        session = self._sessions.creation(tenant_id, snapshot)
        await self._database.commit([*session, *self._calls.creation(tenant_id, call, events), *along])

    async def get_session(self, tenant_id: str, session_id: str) -> SessionSnapshot:
        """Raises `NotFoundError`; an agent may see its room a moment before the session is committed."""
        return await self._sessions.get(tenant_id, session_id)

    async def claim_lease(
        self, tenant_id: str, session_id: str, owner: str, ttl: timedelta, *, worker: str | None = None
    ) -> Lease:
        """Become the agent that speaks, for `ttl`; claiming again as the same owner renews.

        `worker` is whose heartbeat stands for the machine of `owner`.

        A lease that expired or was released is taken over with the next generation.
        Raises `LeaseHeldError`, `NotFoundError`.
        """

        def claim(current: Lease | None) -> Lease:
            now = self._now()
            if current is None:
                return Lease(owner=owner, expires_at=now + ttl, generation=1, worker=worker)
            if current.owner == owner and current.expires_at != RELEASED:
                return current.model_copy(update={"expires_at": now + ttl})
            if current.expires_at > now:
                raise LeaseHeldError(f"session {session_id} is held by {current.owner}")
            generation = current.generation + 1
            return Lease(owner=owner, expires_at=now + ttl, generation=generation, worker=worker)

        return await self._sessions.change_lease(tenant_id, session_id, claim)

    async def renew_lease(self, tenant_id: str, session_id: str, lease: Lease, ttl: timedelta) -> Lease:
        """Keep the lease for another `ttl`, also one that expired if nobody took it.

        Raises `LeaseLostError`.
        """

        def renew(current: Lease | None) -> Lease:
            if not _is_same(current, lease):
                raise LeaseLostError(f"session {session_id} was taken over from {lease.owner}")
            return lease.model_copy(update={"expires_at": self._now() + ttl})

        return await self._sessions.change_lease(tenant_id, session_id, renew)

    async def release_lease(self, tenant_id: str, session_id: str, lease: Lease) -> None:
        """Let the next claim succeed at once. Does nothing when another agent has taken over already."""

        def release(current: Lease | None) -> Lease:
            if current is None or not _is_same(current, lease):
                raise LeaseLostError(f"session {session_id} was taken over from {lease.owner}")
            return current.model_copy(update={"expires_at": RELEASED})

        try:
            await self._sessions.change_lease(tenant_id, session_id, release)
        except LeaseLostError:
            return

    async def is_held(self, tenant_id: str, session_id: str) -> bool:
        """An agent is in the call, or still writes about it: it lets its lease go when it has written all."""
        lease = await self._sessions.lease(tenant_id, session_id)
        return lease is not None and lease.expires_at > self._now()

    async def beat(self, worker: str) -> None:
        """The machine of that worker is alive."""
        await self._workers.beat(worker, self._now())

    async def alive_until(self, lease: Lease) -> datetime:
        """When the owner counts as dead, unless it or its worker is heard of once more before."""
        beat = None if lease.worker is None else await self._workers.last_beat(lease.worker)
        if beat is None:
            return lease.expires_at
        return min(lease.expires_at, max(lease.expires_at - LEASE_TTL, beat) + DEAD_AFTER)


def _is_same(current: Lease | None, lease: Lease) -> bool:
    return (
        current is not None
        and current.owner == lease.owner
        and current.generation == lease.generation
        and current.expires_at != RELEASED
    )
