"""Connected accounts at call time: refresh tokens stay here, tools get access tokens that work now.

Access tokens live in this process's memory, per tenant and connection, until shortly before they
expire. However many calls need one at the same moment, the provider is asked once. Each use looks at the
connection's document first: who is disconnected loses access with the next use, not with the next call.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.errors import DisconnectedError, UnavailableError
from shared.gateways.oauth import AccessToken
from shared.models.base import utc_now
from shared.services.connections import RECONNECT, ConnectionRef, ConnectionService
from shared.services.token_renewal import TokenRenewal
from shared.tools.base.base_tool import Credential

logger = logging.getLogger(__name__)

EXPIRY_MARGIN = timedelta(seconds=60)
"""A token is renewed this long before it expires, so that none expires on its way."""

_Key = tuple[str, ...]


class ConnectionCredentials:
    """One for a process; `credential()` hands out what a tool may see of one connection."""

    def __init__(
        self,
        connections: ConnectionService,
        renewal: TokenRenewal,
        *,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._connections = connections
        self._renewal = renewal
        self._now = now
        self._tokens: dict[_Key, AccessToken] = {}
        self._refreshing: dict[_Key, asyncio.Task[AccessToken]] = {}
        self._disconnected: set[_Key] = set()

    def credential(self, connection: ConnectionRef) -> Credential:
        return _ConnectedAccount(self, connection)

    async def access_token(self, connection: ConnectionRef, *, rejected: str | None = None) -> str:
        """See `Credential.access_token`."""
        current = await self._current(connection)
        key = _key(current)
        if key in self._disconnected:
            raise DisconnectedError(RECONNECT, message=f"{connection.slug}: known to be disconnected")
        token = self._tokens.get(key)
        if token is not None and self._usable(token, rejected):
            return token.value.get_secret_value()
        return (await self._refreshed(key, current)).value.get_secret_value()

    async def _current(self, connection: ConnectionRef) -> ConnectionRef:
        try:
            return await self._connections.current(connection)
        except UnavailableError:
            # A call that runs goes on without Firestore. The provider itself refuses what it has revoked.
            logger.warning("cannot see whether a connection still holds", extra={"slug": connection.slug})
            return connection

    def _usable(self, token: AccessToken, rejected: str | None) -> bool:
        return token.expires_at - EXPIRY_MARGIN > self._now() and token.value.get_secret_value() != rejected

    async def _refreshed(self, key: _Key, connection: ConnectionRef) -> AccessToken:
        """Joins the refresh that is under way. It goes on when a caller who waits for it gives up."""
        task = self._refreshing.get(key)
        if task is None:
            task = asyncio.create_task(self._refresh(key, connection))
            self._refreshing[key] = task
            task.add_done_callback(lambda done: self._finished(key, done))
        return await asyncio.shield(task)

    def _finished(self, key: _Key, task: asyncio.Task[AccessToken]) -> None:
        self._refreshing.pop(key, None)
        if not task.cancelled():
            task.exception()  # seen: whoever still waits for it raises it

    async def _refresh(self, key: _Key, connection: ConnectionRef) -> AccessToken:
        try:
            token = await self._renewal.renew(connection)
        except DisconnectedError:
            self._disconnected.add(key)
            self._tokens.pop(key, None)
            raise
        self._forget_expired()
        self._tokens[key] = token
        return token

    def _forget_expired(self) -> None:
        now = self._now()
        self._tokens = {key: token for key, token in self._tokens.items() if token.expires_at > now}


@dataclass(frozen=True)
class _ConnectedAccount:
    """The `Credential` that a tool gets."""

    _credentials: ConnectionCredentials
    _connection: ConnectionRef

    async def access_token(self, *, rejected: str | None = None) -> str:
        return await self._credentials.access_token(self._connection, rejected=rejected)


def _key(connection: ConnectionRef) -> _Key:
    """The tenant is part of it although a version name is unique: a name that got into another tenant's
    documents must not open this one's account from memory. A consent stays the same while its provider
    rotates tokens."""
    tool = (connection.tenant_id, connection.agent_id, connection.slug)
    return (*tool, connection.consent_id or connection.refresh_token_version)
