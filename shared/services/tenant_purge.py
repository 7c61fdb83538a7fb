"""A tenant is deleted for good: its numbers, people, calls with recordings, connections, secrets, documents.

The order is what keeps a purge that dies half-way harmless and repeatable: first nobody can reach the tenant
any more (numbers, people, keys), then what lies outside goes (running calls, recordings, secrets), the
tenant's own document last. So it is found again by its id, and a second run does the rest.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from shared.errors import ConflictError, NotFoundError
from shared.gateways.firestore import Database
from shared.gateways.twilio import TwilioGateway
from shared.models.audit import Actor
from shared.models.tenant import Tenant
from shared.repositories.calls import CallRepository
from shared.repositories.tenant_purge import TenantPurgeRepository
from shared.services.call_control_service import CallControlService
from shared.services.number_service import NumberService

PEOPLE = ("members", "invitations", "api_keys")
REST = ("sessions", "request_keys", "events", "audit")


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
    ) -> None:
        self._documents = TenantPurgeRepository(database)
        self._calls = CallRepository(database)
        self._numbers = numbers
        self._control = calls
        self._twilio = twilio
        self._secrets = secrets

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
        ids = await self._documents.call_ids(tenant_id)
        yield Purged("recordings", await self._end_and_silence(tenant_id, actor, ids))
        calls = await self._documents.collection(tenant_id, "calls", below=["events"])
        yield Purged("calls and their events", calls)
        yield Purged("secrets", await self._secrets.forget(tenant_id))
        agents = await self._documents.collection(tenant_id, "agents", below=["agent_tools"])
        yield Purged("agents and their tools", agents)
        rest = await self._collections(tenant_id, REST) + await self._documents.consents(tenant_id)
        yield Purged("sessions, events and audit entries", rest)
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

    async def _end_and_silence(self, tenant_id: str, actor: Actor, ids: list[str]) -> int:
        """Hang up what is going on, and delete what Twilio has recorded."""
        recordings = 0
        for call_id in ids:
            try:
                call = await self._calls.get(tenant_id, call_id)
            except NotFoundError:
                continue
            if call.outcome is None:
                await self._control.stop(tenant_id, actor, call_id)
                call = await self._calls.get(tenant_id, call_id)
            if call.voicemail is not None:
                await self._twilio.delete_recording(call.voicemail.recording_sid)
                recordings += 1
        return recordings

    async def _collections(self, tenant_id: str, names: tuple[str, ...]) -> int:
        return sum([await self._documents.collection(tenant_id, name) for name in names])
