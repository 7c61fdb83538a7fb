"""Ending connections: the consent at the provider, the token in Secret Manager, what documents name.

Each step may be repeated, and a process may die between any two; see `secret_store` for their order.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from shared.errors import UnavailableError
from shared.gateways.firestore import Database
from shared.gateways.oauth import OAuthGateway
from shared.gateways.secret_manager import SecretGoneError
from shared.models.agent_tool import REFRESH_TOKEN, AgentTool, Connection, ConnectionState, ToolAddress
from shared.models.base import utc_now
from shared.repositories.agent_tools import AgentToolRepository
from shared.services.connections import ConnectionService
from shared.services.secret_store import ToolSecretStore
from shared.services.stored_grant import StoredGrant

logger = logging.getLogger(__name__)

REMOVED = "The agent was removed."


@dataclass(frozen=True)
class Disconnected:
    revoked: bool
    """At the provider. False: it is tried again later, or other agents use the same account's consent."""


class RevocationService:
    """`now` is the clock, with a time zone."""

    def __init__(
        self,
        database: Database,
        store: ToolSecretStore,
        providers: Mapping[str, OAuthGateway],
        *,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._tools = AgentToolRepository(database)
        self._connections = ConnectionService(database, now=now)
        self._store = store
        self._providers = providers

    async def finish(
        self, address: ToolAddress, tool: AgentTool, *, even_unrevoked: bool = False
    ) -> Disconnected:
        """From the disconnected state to nothing left; each step may be repeated.

        Without an answer of the provider the token is kept, for without it nobody could revoke it later;
        `even_unrevoked` gives that up.
        """
        version, connection = tool.sensitive_config.get(REFRESH_TOKEN), tool.connection
        if version is None or connection is None:
            return Disconnected(revoked=False)
        revoked = False
        try:
            revoked = await self._revoke_version(address, connection, version)
        except UnavailableError:
            if not even_unrevoked:
                return Disconnected(revoked=False)
        await self._store.destroy_all(version)
        await self._connections.forget_version(address, REFRESH_TOKEN, version)
        return Disconnected(revoked)

    async def forget(self, tenant_id: str, agent_id: str | None = None, slug: str | None = None) -> int:
        """A tool, with None the whole agent, with None again the whole tenant, is removed: end its
        connections, delete its secrets.

        Works before and after its documents are deleted. Returns how many secrets there were. Raises
        `UnavailableError`: repeat it.
        """
        for each in [agent_id] if agent_id else await self._tools.list_agents(tenant_id):
            for tool in await self._tools.list_tools(tenant_id, each):
                if tool.connection is not None and slug in (None, tool.slug):
                    address = ToolAddress(tenant_id, each, tool.slug)
                    provider = tool.connection.provider
                    await self._connections.begin_disconnect(address, provider, REMOVED, None)
        for secret_id in await self._store.ids(tenant_id, agent_id, slug, field=REFRESH_TOKEN):
            # The newest may be of a consent that came to nothing, and destroyed.
            for version in await self._store.versions(secret_id):
                if version.readable:
                    await self._revoke_stored(tenant_id, version.name)
        return await self._store.purge(tenant_id, agent_id, slug)

    async def forget_removed(self, tenant_id: str, agent_id: str, slug: str | None = None) -> int:
        """As `forget`, but nothing happens while the agent (the tool) has a document: it was not removed
        after all, or was set up anew.

        What a removed agent's tools left goes as well: one may have been set up while it was removed.
        """
        if slug is None:
            exists = await self._tools.agent_exists(tenant_id, agent_id)
        else:
            exists = await self._tools.find(tenant_id, agent_id, slug) is not None
        if exists:
            return 0
        forgotten = await self.forget(tenant_id, agent_id, slug)
        if slug is None:
            await self._tools.remove_all(tenant_id, agent_id)
        return forgotten

    async def revoke_former(self, address: ToolAddress, new: Connection, former: AgentTool) -> None:
        """Another account's consent, which nobody uses any more. The same account's is the one in use now."""
        old, version = former.connection, former.sensitive_config.get(REFRESH_TOKEN)
        if old is None or version is None:
            return
        if (old.provider, old.account_email) == (new.provider, new.account_email):
            return
        try:
            await self._revoke_version(address, old, version)
        except UnavailableError as error:
            # The new connection stands. The token is destroyed next, so nobody has it any more.
            logger.warning("a former consent was not revoked", extra={"reason": str(error)})

    async def _revoke_version(self, address: ToolAddress, connection: Connection, version: str) -> bool:
        try:
            stored = StoredGrant.opened(await self._store.read(version))
        except SecretGoneError:
            return False
        facts = {"provider": connection.provider, "account_email": connection.account_email}
        return await self._revoke(address.tenant_id, stored.model_copy(update=facts))

    async def _revoke_stored(self, tenant_id: str, version: str) -> None:
        """By what stands with the token itself: its document may be gone."""
        with suppress(SecretGoneError):
            await self._revoke(tenant_id, StoredGrant.opened(await self._store.read(version)))

    async def _revoke(self, tenant_id: str, grant: StoredGrant) -> bool:
        """False when the provider cannot, or other tools of the tenant live by the same account's consent."""
        gateway = self._providers.get(grant.provider)
        if gateway is None or gateway.provider.revocation_uri is None:
            return False
        if gateway.provider.revokes_whole_grant and await self._is_used(tenant_id, grant):
            return False
        await gateway.revoke(grant.refresh_token)
        return True

    async def _is_used(self, tenant_id: str, grant: StoredGrant) -> bool:
        for agent_id in await self._tools.list_agents(tenant_id):
            for tool in await self._tools.list_tools(tenant_id, agent_id):
                other = tool.connection
                if other is None or other.state is not ConnectionState.CONNECTED:
                    continue
                if (other.provider, other.account_email) == (grant.provider, grant.account_email):
                    return True
        return False
