"""A tenant is deleted for good: its numbers, people, calls with recordings, connections, secrets, documents.

The order is what keeps a purge that dies half-way harmless and repeatable: first nobody can reach the tenant
any more (numbers, people, keys), then what lies outside goes (running calls, recordings, secrets), the
tenant's own document last. So it is found again by its id, and a second run does the rest.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from shared.errors import ConflictError, NotFoundError, UnavailableError
from shared.gateways.firestore import Database
from shared.gateways.twilio import TwilioGateway
from shared.models.audit import Actor
from shared.models.base import utc_now
from shared.models.call import Call
from shared.models.tenant import Tenant
from shared.repositories.calls import CallRepository
from shared.repositories.tenant_purge import TenantPurgeRepository
from shared.services.call_control_service import CallControlService
from shared.services.number_service import NumberService

PEOPLE = ("members", "invitations", "api_keys")
REST = ("sessions", "recordings", "request_keys", "audit")

AGENT_STARTS = timedelta(seconds=2)
"""An agent that was asked for before its call was ended claims its lease within that time."""
AGENT_LEAVES = timedelta(seconds=30)
"""It writes its last events and lets its lease go, or dies and its lease runs out (6 s)."""
LOOK_EVERY_SECONDS = 0.25


class SecretForgetting(Protocol):
    """Who may read tokens revokes them and deletes all of the tenant's secrets."""

    async def forget(self, tenant_id: str) -> int:
        """How many secrets there were. Raises `UnavailableError`: repeat it."""
        ...


@dataclass(frozen=True)
class Purged:
    what: str
    count: int


class TenantPurge:
    """All raise `UnavailableError`: repeat it."""

    def __init__(
        self,
        database: Database,
        numbers: NumberService,
        calls: CallControlService,
        twilio: TwilioGateway,
        secrets: SecretForgetting,
        *,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._documents = TenantPurgeRepository(database)
        self._calls = CallRepository(database)
        self._numbers = numbers
        self._control = calls
        self._twilio = twilio
        self._secrets = secrets
        self._now = now

    async def tenant(self, tenant_id: str) -> Tenant:
        """Raises `NotFoundError`."""
        tenant = await self._documents.find(tenant_id)
        if tenant is None:
            raise NotFoundError(f"no tenant {tenant_id}")
        return tenant

    async def purge(self, tenant_id: str, actor: Actor, *, confirmed_name: str) -> AsyncGenerator[Purged]:
        """Delete all, telling of each step when it is done.

        Raises `NotFoundError`, and `ConflictError` unless `confirmed_name` is the tenant's name.
        """
        tenant = await self.tenant(tenant_id)
        if confirmed_name != tenant.name:
            sentence = "To delete a tenant its name must be given, letter by letter."
            raise ConflictError(f"{tenant_id} is not called {confirmed_name!r}", sentence=sentence)
        yield Purged("numbers detached", await self._detach(tenant_id, actor))
        yield Purged("members, invitations and keys", await self._collections(tenant_id, PEOPLE))
        calls, ended = await self._end_calls(tenant_id, actor)
        await self._agents_gone(tenant_id, self._now() + AGENT_STARTS if ended else self._now())
        yield Purged("recordings", await self._delete_recordings(tenant_id, calls))
        written = await self._documents.collection(tenant_id, "calls", below=["events"])
        yield Purged("calls and their events", written)
        yield Purged("secrets", await self._secrets.forget(tenant_id))
        agents = await self._documents.collection(tenant_id, "agents", below=["agent_tools"])
        yield Purged("agents and their tools", agents)
        rest = await self._collections(tenant_id, REST) + await self._documents.consents(tenant_id)
        yield Purged("sessions and audit entries", rest)
        await self._documents.tenant(tenant_id)
        yield Purged("tenant", 1)

    async def _detach(self, tenant_id: str, actor: Actor) -> int:
        numbers = await self._documents.numbers(tenant_id)
        for number in numbers:
            try:
                await self._numbers.detach(tenant_id, actor, number, None)
            except NotFoundError:  # the Twilio account does not own it any more
                await self._numbers.forget(tenant_id, actor, number)
        return len(numbers)

    async def _end_calls(self, tenant_id: str, actor: Actor) -> tuple[list[Call], int]:
        """All calls, and how many of them were going on until now."""
        calls: list[Call] = []
        ended = 0
        for call_id in await self._documents.call_ids(tenant_id):
            try:
                call = await self._calls.get(tenant_id, call_id)
            except NotFoundError:  # of which only events are left
                continue
            calls.append(call)
            if call.outcome is None:
                await self._control.stop(tenant_id, actor, call_id)
                ended += 1
        return calls, ended

    async def _delete_recordings(self, tenant_id: str, calls: list[Call]) -> int:
        """Also of calls that have expired: their notes are left."""
        sids = set(await self._documents.recording_sids(tenant_id))
        for call in calls:
            sids |= await self._control.messages_of(call)
        for sid in sorted(sids):
            await self._twilio.delete_recording(sid)
        return len(sids)

    async def _agents_gone(self, tenant_id: str, earliest: datetime) -> None:
        """What an agent writes after its call's documents are deleted would stay for ever.

        It holds its lease until it has written all. Raises `UnavailableError` when one does not let go.
        """
        latest = earliest + AGENT_LEAVES
        while (now := self._now()) < earliest or await self._documents.leases(tenant_id, now):
            if now > latest:
                raise UnavailableError(f"an agent still writes about a call of {tenant_id}: run this again")
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def _collections(self, tenant_id: str, names: tuple[str, ...]) -> int:
        return sum([await self._documents.collection(tenant_id, name) for name in names])
