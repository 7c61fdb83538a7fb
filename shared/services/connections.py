"""What Firestore knows of connections: who is connected, since when, by which consent, and to which secret.

Connecting and disconnecting are each one atomic write with its entry in the audit log. A connection has two
states at rest: connected, with the version that it names in Secret Manager, or disconnected, with none.
Disconnecting writes the state first and drops the name last, so that a disconnected tool that still names a
version is one whose disconnecting was interrupted; `RevocationService.finish` takes it from there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.errors import DisconnectedError, NotFoundError, TrunklineError
from shared.gateways.firestore import Database, Write
from shared.models.agent_tool import (
    REFRESH_TOKEN,
    AgentTool,
    Connection,
    ConnectionState,
    Renewal,
    ToolAddress,
)
from shared.models.audit import PLATFORM, Actor, AuditAction, Change
from shared.models.base import utc_now
from shared.repositories.agent_tools import AgentToolRepository, Decision
from shared.services.audit_service import AuditService

RECONNECT = "I cannot reach the connected account any more. The business has to connect it again first."
"""For the caller."""


@dataclass(frozen=True)
class ConnectionRef:
    """One agent's connection of one tool: as a call's snapshot pins it, or as it is now."""

    tenant_id: str
    agent_id: str
    slug: str
    provider: str
    refresh_token_version: str
    """`projects/…/secrets/…/versions/N`"""
    consent_id: str = ""
    account_email: str | None = None

    @property
    def tool(self) -> ToolAddress:
        return ToolAddress(self.tenant_id, self.agent_id, self.slug)

    @classmethod
    def of(cls, address: ToolAddress, tool: AgentTool) -> "ConnectionRef | None":
        """None when the tool is not connected."""
        version, connection = tool.sensitive_config.get(REFRESH_TOKEN), tool.connection
        if version is None or connection is None or connection.state is not ConnectionState.CONNECTED:
            return None
        return cls(
            address.tenant_id,
            address.agent_id,
            address.slug,
            connection.provider,
            version,
            connection.consent_id,
            connection.account_email,
        )

    def is_followed_by(self, other: "ConnectionRef") -> bool:
        """Whether a call that started with this one may go on with `other`: same account, newer token."""
        if self.provider != other.provider:
            return False
        if self.refresh_token_version == other.refresh_token_version:
            return True
        same_consent = self.consent_id != "" and self.consent_id == other.consent_id
        same_account = self.account_email is not None and self.account_email == other.account_email
        return same_consent or same_account


class SupersededError(TrunklineError):
    """Somebody else's consent came later and holds."""


class RenewalBusyError(TrunklineError):
    """Somebody is exchanging the refresh token right now."""


@dataclass(frozen=True)
class StartedRenewal:
    connection: ConnectionRef
    interrupted: bool
    """An earlier renewal never ended: a newer token than the named one may have been stored."""


class ConnectionService:
    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._tools = AgentToolRepository(database)
        self._audit = AuditService(database, now=now)
        self._now = now

    async def current(self, pinned: ConnectionRef) -> ConnectionRef:
        """What `pinned` has become. Raises `DisconnectedError` when it is over or another account's now."""
        tool = await self._tools.find(pinned.tenant_id, pinned.agent_id, pinned.slug)
        found = None if tool is None else ConnectionRef.of(pinned.tool, tool)
        if found is None or not pinned.is_followed_by(found):
            raise DisconnectedError(RECONNECT, message=f"{pinned.slug}: not connected any more")
        return found

    async def connect(
        self,
        address: ToolAddress,
        version: str,
        connection: Connection,
        consented_at: datetime,
        actor: Actor,
    ) -> AgentTool:
        """Let the tool use `version`, with the facts of the same consent; returns the tool as it was.

        Raises `SupersededError` when a later consent was written first, and `NotFoundError` when the agent is
        gone. Whoever deletes it after this has the document cleared away by the task prepared before.
        """

        def decide(tool: AgentTool) -> Decision:
            held = tool.connection
            live = held if held and held.state is ConnectionState.CONNECTED else None
            if live and live.since and live.since > consented_at:
                raise SupersededError(f"{address.slug}: consent {live.consent_id} is later")
            changed = tool.model_copy(
                update={
                    "connection": connection,
                    "sensitive_config": {**tool.sensitive_config, REFRESH_TOKEN: version},
                }
            )
            former = live.account_email if live else None
            entry = self._entry(AuditAction.TOOL_CONNECTED, address, actor, former, connection.account_email)
            return changed, [entry]

        return await self._change(address, decide, create=True)

    async def begin_disconnect(
        self, address: ToolAddress, provider: str, reason: str, actor: Actor | None
    ) -> AgentTool | None:
        """From here on nobody may use the connection. None: the tool was never connected to `provider`.

        `actor` is None when it goes with something else that a person did, such as removing the tool.
        """

        def decide(tool: AgentTool) -> Decision:
            if tool.connection is None or tool.connection.provider != provider:
                return tool, []
            return self._disconnected(address, tool, reason, actor)

        try:
            before = await self._change(address, decide)
        except NotFoundError:
            return None
        return None if before.connection is None or before.connection.provider != provider else before

    async def mark_disconnected(self, connection: ConnectionRef, reason: str) -> bool:
        """The provider ended it. False: the tool uses another version by now, of which that says nothing."""

        def decide(tool: AgentTool) -> Decision:
            if tool.sensitive_config.get(REFRESH_TOKEN) != connection.refresh_token_version:
                return tool, []
            return self._disconnected(connection.tool, tool, reason, PLATFORM)

        try:
            before = await self._change(connection.tool, decide)
        except NotFoundError:
            return True
        return before.sensitive_config.get(REFRESH_TOKEN) in (None, connection.refresh_token_version)

    async def forget_version(self, address: ToolAddress, field: str, version: str) -> None:
        """Drop a name behind which there is nothing any more."""

        def decide(tool: AgentTool) -> Decision:
            if tool.sensitive_config.get(field) != version:
                return tool, []
            kept = {name: value for name, value in tool.sensitive_config.items() if name != field}
            return tool.model_copy(update={"sensitive_config": kept}), []

        await self._change(address, decide)

    async def begin_renewal(
        self, connection: ConnectionRef, owner: str, lasting: timedelta
    ) -> StartedRenewal:
        """Be the only one who exchanges this token. Raises `RenewalBusyError`, `DisconnectedError`."""
        started: list[StartedRenewal] = []

        def decide(tool: AgentTool) -> Decision:
            current = ConnectionRef.of(connection.tool, tool)
            if current is None or tool.connection is None or not connection.is_followed_by(current):
                raise DisconnectedError(RECONNECT, message=f"{connection.slug}: not connected any more")
            held, now = tool.connection.renewal, self._now()
            if held is not None and held.owner != owner and held.expires_at > now:
                raise RenewalBusyError(f"{connection.slug}: being renewed")
            started.append(StartedRenewal(current, interrupted=held is not None))
            return _with_renewal(tool, Renewal(owner=owner, expires_at=now + lasting)), []

        await self._change(connection.tool, decide)
        return started[-1]

    async def end_renewal(self, connection: ConnectionRef, owner: str, new_version: str | None) -> bool:
        """With `new_version`, that one is named from now on. False: somebody else has taken over since."""
        ended: list[bool] = []

        def decide(tool: AgentTool) -> Decision:
            held = tool.connection.renewal if tool.connection else None
            named = tool.sensitive_config.get(REFRESH_TOKEN)
            mine = held is not None and held.owner == owner and named == connection.refresh_token_version
            ended.append(mine)
            if not mine:
                return tool, []
            changed = _with_renewal(tool, None)
            if new_version is not None:
                secrets = {**tool.sensitive_config, REFRESH_TOKEN: new_version}
                changed = changed.model_copy(update={"sensitive_config": secrets})
            return changed, []

        await self._change(connection.tool, decide)
        return ended[-1]

    async def adopt(self, connection: ConnectionRef, new_version: str) -> bool:
        """Name a token that the provider rotated though nobody expected it to. False: no longer ours to."""
        adopted: list[bool] = []

        def decide(tool: AgentTool) -> Decision:
            same = ConnectionRef.of(connection.tool, tool) == connection
            adopted.append(same)
            secrets = {**tool.sensitive_config, REFRESH_TOKEN: new_version}
            return (tool.model_copy(update={"sensitive_config": secrets}) if same else tool), []

        await self._change(connection.tool, decide)
        return adopted[-1]

    async def suspend_renewal(self, connection: ConnectionRef, owner: str) -> None:
        """It failed, and nobody can say how far it got: the next one may start now, as after a crash."""

        def decide(tool: AgentTool) -> Decision:
            held = tool.connection.renewal if tool.connection else None
            if held is None or held.owner != owner:
                return tool, []
            return _with_renewal(tool, Renewal(owner="nobody", expires_at=self._now())), []

        await self._change(connection.tool, decide)

    def _disconnected(
        self, address: ToolAddress, tool: AgentTool, reason: str, actor: Actor | None
    ) -> Decision:
        connection = tool.connection
        if connection is None or connection.state is ConnectionState.DISCONNECTED:
            return tool, []
        changed = connection.model_copy(
            update={
                "state": ConnectionState.DISCONNECTED,
                "reason": reason,
                "since": self._now(),
                "renewal": None,
            }
        )
        changed_tool = tool.model_copy(update={"connection": changed})
        if actor is None:
            return changed_tool, []
        entry = self._entry(AuditAction.TOOL_DISCONNECTED, address, actor, connection.account_email, None)
        return changed_tool, [entry]

    def _entry(
        self,
        action: AuditAction,
        address: ToolAddress,
        actor: Actor,
        account_before: str | None,
        account_after: str | None,
    ) -> Write:
        changes = {"account": Change(before=account_before, after=account_after)}
        return self._audit.entry(address.tenant_id, actor, action, address.subject, changes)

    async def _change(
        self, address: ToolAddress, decide: Callable[[AgentTool], Decision], *, create: bool = False
    ) -> AgentTool:
        return await self._tools.change(
            address.tenant_id, address.agent_id, address.slug, decide, create=create
        )


def _with_renewal(tool: AgentTool, renewal: Renewal | None) -> AgentTool:
    if tool.connection is None:
        return tool
    return tool.model_copy(update={"connection": tool.connection.model_copy(update={"renewal": renewal})})
