"""Connected accounts at call time: refresh tokens stay here, tools get access tokens that work now.

Access tokens live in this process's memory, per tenant and secret version, until shortly before they
expire. However many calls need one at the same moment, the provider is asked once.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from pydantic import SecretStr

from shared.errors import ConfigurationError, DisconnectedError
from shared.gateways.oauth import AccessToken, InvalidGrantError
from shared.gateways.secret_manager import SecretGoneError
from shared.tools.base.base_tool import Credential

logger = logging.getLogger(__name__)

EXPIRY_MARGIN = timedelta(seconds=60)
"""A token is renewed this long before it expires, so that none expires on its way."""

RECONNECT = "I cannot reach the connected account any more. The business has to connect it again first."


class SecretReader(Protocol):
    """What `SecretManagerGateway` offers here."""

    async def access(self, version_name: str) -> SecretStr: ...


class TokenRefresher(Protocol):
    """What `OAuthGateway` offers here."""

    async def refresh(self, refresh_token: SecretStr) -> AccessToken: ...


@dataclass(frozen=True)
class ConnectionRef:
    """One agent's connection of one tool, as the snapshot of a call pins it."""

    tenant_id: str
    agent_id: str
    slug: str
    provider: str
    refresh_token_version: str
    """`projects/…/secrets/…/versions/N`"""


OnDisconnected = Callable[[ConnectionRef, str], Awaitable[None]]
"""Told once per connection when a person has to reconnect it: (connection, reason as a sentence)."""

_Key = tuple[str, str]


class ConnectionCredentials:
    """One for a process; `credential()` hands out what a tool may see of one connection."""

    def __init__(
        self,
        secrets: SecretReader,
        providers: Mapping[str, TokenRefresher],
        *,
        on_disconnected: OnDisconnected | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._secrets = secrets
        self._providers = providers
        self._on_disconnected = on_disconnected
        self._now = now
        self._tokens: dict[_Key, AccessToken] = {}
        self._refreshing: dict[_Key, asyncio.Task[AccessToken]] = {}
        self._disconnected: set[_Key] = set()

    def credential(self, connection: ConnectionRef) -> Credential:
        return _ConnectedAccount(self, connection)

    async def access_token(self, connection: ConnectionRef, *, rejected: str | None = None) -> str:
        """See `Credential.access_token`."""
        # The tenant is part of the key although a version name is unique: a name that got into
        # another tenant's documents must not open this one's account from memory.
        key = (connection.tenant_id, connection.refresh_token_version)
        if key in self._disconnected:
            raise DisconnectedError(RECONNECT, message=f"{connection.slug}: known to be disconnected")
        token = self._tokens.get(key)
        if token is not None and self._usable(token, rejected):
            return token.value.get_secret_value()
        return (await self._refreshed(key, connection)).value.get_secret_value()

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
        provider = self._providers.get(connection.provider)
        if provider is None:
            raise ConfigurationError(
                f"{connection.slug}: no OAuth provider {connection.provider!r} is set up"
            )
        try:
            token = await provider.refresh(await self._secrets.access(connection.refresh_token_version))
        except (InvalidGrantError, SecretGoneError) as error:
            # Gone: the secret's version was destroyed, as disconnecting and rotating do.
            await self._disconnect(key, connection)
            raise DisconnectedError(RECONNECT, message=f"{connection.slug}: {error}") from error
        self._forget_expired()
        self._tokens[key] = token
        return token

    async def _disconnect(self, key: _Key, connection: ConnectionRef) -> None:
        self._disconnected.add(key)
        self._tokens.pop(key, None)
        if self._on_disconnected is None:
            return
        try:
            await self._on_disconnected(connection, RECONNECT)
        except Exception:  # the caller's sentence matters more than the note for the owner
            logger.exception("could not record that a connection is gone", extra={"slug": connection.slug})

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
