"""Puts right what processes left over that died between two steps.

Secrets that no document names are destroyed, documents whose secret is gone say so, disconnections and
renewals that were interrupted are finished. Secrets are listed before documents: whatever is named by then
was stored before. Values younger than `IN_FLIGHT` are left alone, since a document may be about to name them.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property, partial

from shared.errors import ConfigurationError, DisconnectedError, TrunklineError
from shared.gateways.firestore import Database
from shared.gateways.secret_manager import StoredVersion, secret_id_of, version_number
from shared.models.agent_tool import REFRESH_TOKEN, AgentTool, ToolAddress
from shared.models.base import utc_now
from shared.repositories.agent_tools import AgentToolRepository
from shared.repositories.tenants import TenantRepository
from shared.services.connections import ConnectionRef, ConnectionService
from shared.services.revocation_service import RevocationService
from shared.services.secret_store import IN_FLIGHT, ToolSecretStore
from shared.services.token_renewal import TokenRenewal

logger = logging.getLogger(__name__)

REVOCATION_GIVEN_UP = timedelta(days=1)
"""How long a provider that does not answer keeps us from destroying a token that it should revoke."""

SECRETS_A_RUN = 200
"""That a scheduled run looks at, twice when it puts something right: a request has to be answered within
Cloud Scheduler's five minutes."""

AT_ONCE, A_SECOND = 100, 5
"""Calls of Secret Manager, which answers 600 reads and 600 writes a minute, of all who ask: so many together,
the others no faster than that. https://docs.cloud.google.com/secret-manager/quotas"""

TENANTS_AT_ONCE = 10
"""Whose documents are read at the same time."""

TOLD_EVERY = 100
"""Secrets, for whoever waits."""

UNSUSPICIOUS = 20
"""So many left-over values may be destroyed in one run even if they are most of all."""

SECRET_GONE = "The stored credential is gone. Connect the account again."  # noqa: S105 - a sentence


class Finding(StrEnum):
    UNNAMED_VERSION = "version that no document names: destroyed"
    EMPTY_SECRET = "secret with nothing in it: deleted"  # noqa: S105
    GONE = "document names a secret that is gone: marked"
    HALF_DISCONNECTED = "disconnection that was interrupted: finished"
    HALF_RENEWED = "renewal that was interrupted: finished"


@dataclass(frozen=True)
class Found:
    finding: Finding
    subject: str
    """A secret's or version's name, or tenant/agent/tool."""
    error: str | None = None
    """Why it could not be put right this time."""


@dataclass(frozen=True)
class _Repair:
    finding: Finding
    subject: str
    do: Callable[[], Awaitable[object]]


@dataclass(frozen=True)
class _Inventory:
    versions: dict[str, list[StoredVersion]]
    """By secret id."""
    others: frozenset[str]
    """Ids of secrets that other runs look at."""
    tools: list[tuple[ToolAddress, AgentTool]]

    def is_gone(self, version_name: str) -> bool:
        secret_id = secret_id_of(version_name)
        versions = self.versions.get(secret_id, [])
        readable = any(v.readable and _same(v.name, version_name) for v in versions)
        return not readable and secret_id not in self.others

    def is_named(self, version: StoredVersion) -> bool:
        return _key(version.name) in self._named

    @cached_property
    def _named(self) -> set[tuple[str, int]]:
        return {_key(name) for _, tool in self.tools for name in tool.sensitive_config.values()}


@dataclass
class _Pace:
    """Of one run."""

    sleep: Callable[[float], Awaitable[None]]
    _left: int = field(default=AT_ONCE, init=False)

    async def keep(self) -> None:
        if self._left > 0:
            self._left -= 1
        else:
            await self.sleep(1 / A_SECOND)


def _nobody_waits(looked_at: int, of: int) -> None: ...


class SecretReconciler:
    """`now` is the clock, with a time zone."""

    def __init__(
        self,
        database: Database,
        store: ToolSecretStore,
        revocations: RevocationService,
        renewal: TokenRenewal,
        *,
        now: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._sleep = sleep
        self._tenants = TenantRepository(database)
        self._tools = AgentToolRepository(database)
        self._connections = ConnectionService(database, now=now)
        self._store = store
        self._revocations = revocations
        self._renewal = renewal
        self._now = now

    async def run(
        self,
        *,
        apply: bool = False,
        most: int | None = None,
        tell: Callable[[int, int], None] = _nobody_waits,
    ) -> list[Found]:
        """What is wrong, and with `apply` put right as well. Raises `UnavailableError` if it cannot look.

        `most` is how many secrets are looked at: where there are more, each hour it is the turn of others.
        `tell` hears from time to time how many were looked at, and of how many.
        """
        pace = _Pace(self._sleep)
        inventory = await self._inventory(most, pace, tell)
        repairs = [
            repair for address, tool in inventory.tools for repair in self._of(address, tool, inventory)
        ]
        found = [await _carried_out(repair, apply, pace) for repair in repairs]
        if apply and repairs:
            # A renewal may have named what nothing named before.
            inventory = await self._inventory(most, pace, tell)
        repairs = list(self._of_secrets(inventory))
        if apply:
            _refuse_a_massacre(repairs, inventory)
        return found + [await _carried_out(repair, apply, pace) for repair in repairs]

    async def _inventory(self, most: int | None, pace: _Pace, tell: Callable[[int, int], None]) -> _Inventory:
        secret_ids = sorted(await self._store.all_ids())
        parts = 1 if most is None else math.ceil(len(secret_ids) / most) or 1
        hour = math.floor(self._now().timestamp() / 3600)
        in_turn = secret_ids[hour % parts :: parts]
        versions: dict[str, list[StoredVersion]] = {}
        for secret_id in in_turn:
            await pace.keep()
            versions[secret_id] = await self._store.versions(secret_id)
            if len(versions) % TOLD_EVERY == 0:
                tell(len(versions), len(in_turn))
        tools = await self._all_tools()
        inventory = _Inventory(versions, frozenset(secret_ids) - versions.keys(), tools)
        named = [name for _, tool in tools for name in tool.sensitive_config.values()]
        # What is named and was not there may have been stored while we looked.
        for secret_id in {secret_id_of(name) for name in named if inventory.is_gone(name)}:
            await pace.keep()
            versions[secret_id] = await self._store.versions(secret_id)
        return inventory

    async def _all_tools(self) -> list[tuple[ToolAddress, AgentTool]]:
        tenant_ids = await self._tenants.list_ids()
        found: list[tuple[ToolAddress, AgentTool]] = []
        for first in range(0, len(tenant_ids), TENANTS_AT_ONCE):
            some = tenant_ids[first : first + TENANTS_AT_ONCE]
            for tools in await asyncio.gather(*(self._tools_of(tenant_id) for tenant_id in some)):
                found += tools
        return found

    async def _tools_of(self, tenant_id: str) -> list[tuple[ToolAddress, AgentTool]]:
        return [
            (ToolAddress(tenant_id, agent_id, tool.slug), tool)
            for agent_id in await self._tools.list_agents(tenant_id)
            for tool in await self._tools.list_tools(tenant_id, agent_id)
        ]

    def _of(self, address: ToolAddress, tool: AgentTool, inventory: _Inventory) -> Iterator[_Repair]:
        subject = f"{address.tenant_id}/{address.agent_id}/{address.slug}"
        connection, current = tool.connection, ConnectionRef.of(address, tool)
        if connection is not None and current is None and REFRESH_TOKEN in tool.sensitive_config:
            overdue = connection.since is None or connection.since + REVOCATION_GIVEN_UP <= self._now()
            finish = partial(self._revocations.finish, address, tool, even_unrevoked=overdue)
            yield _Repair(Finding.HALF_DISCONNECTED, subject, finish)
        if current is not None and connection is not None:
            renewal = connection.renewal
            if renewal is not None and renewal.expires_at <= self._now():
                yield _Repair(Finding.HALF_RENEWED, subject, partial(self._renew, address, current))
            elif inventory.is_gone(current.refresh_token_version):
                yield _Repair(Finding.GONE, subject, partial(self._mark_gone, address, current))
        for name, version in tool.sensitive_config.items():
            if name != REFRESH_TOKEN and inventory.is_gone(version):
                forget = partial(self._connections.forget_version, address, name, version)
                yield _Repair(Finding.GONE, f"{subject}#{name}", forget)

    def _of_secrets(self, inventory: _Inventory) -> Iterator[_Repair]:
        settled = self._now() - IN_FLIGHT
        for secret_id, versions in inventory.versions.items():
            left_over = [
                v for v in versions if v.readable and not inventory.is_named(v) and v.created_at <= settled
            ]
            for version in left_over:
                destroy = partial(self._store.destroy, version.name)
                yield _Repair(Finding.UNNAMED_VERSION, version.name, destroy)
            if all(not v.readable or v in left_over for v in versions) and _settled(versions, settled):
                delete = partial(self._delete_if_unchanged, secret_id, len(versions))
                yield _Repair(Finding.EMPTY_SECRET, secret_id, delete)

    async def _delete_if_unchanged(self, secret_id: str, versions: int) -> None:
        """Somebody may have connected since we looked."""
        if len(await self._store.versions(secret_id)) == versions:
            await self._store.delete(secret_id)

    async def _mark_gone(self, address: ToolAddress, connection: ConnectionRef) -> None:
        if await self._connections.mark_disconnected(connection, SECRET_GONE):
            await self._connections.forget_version(address, REFRESH_TOKEN, connection.refresh_token_version)

    async def _renew(self, address: ToolAddress, connection: ConnectionRef) -> None:
        try:
            await self._renewal.renew(connection)
        except DisconnectedError:  # the document says so now, but still names the dead token
            tool = await self._tools.find(address.tenant_id, address.agent_id, address.slug)
            if tool is not None and ConnectionRef.of(address, tool) is None:
                await self._revocations.finish(address, tool)


def _refuse_a_massacre(repairs: Sequence[_Repair], inventory: _Inventory) -> None:
    """Documents of another project, or none at all, would make every secret look left over."""
    doomed = sum(repair.finding is Finding.UNNAMED_VERSION for repair in repairs)
    readable = sum(v.readable for versions in inventory.versions.values() for v in versions)
    if doomed > UNSUSPICIOUS and doomed * 2 > readable:
        raise ConfigurationError(f"{doomed} of {readable} stored values are named by no document: look first")


def _settled(versions: Sequence[StoredVersion], moment: datetime) -> bool:
    """A secret that was just made has no version yet, and no age that we could see: it is left alone."""
    return bool(versions) and all(v.created_at <= moment for v in versions)


async def _carried_out(repair: _Repair, apply: bool, pace: _Pace) -> Found:
    error = None
    if apply:
        await pace.keep()
        try:
            await repair.do()
        except TrunklineError as failure:  # the others are put right all the same
            logger.warning("not put right", extra={"subject": repair.subject, "reason": str(failure)})
            error = str(failure)
    return Found(repair.finding, repair.subject, error)


def _key(version_name: str) -> tuple[str, int]:
    """Of a version, whether its name has the project's id or its number."""
    return secret_id_of(version_name), version_number(version_name)


def _same(one: str, other: str) -> bool:
    return _key(one) == _key(other)
