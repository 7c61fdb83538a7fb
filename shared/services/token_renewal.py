"""One refresh token becomes one access token, and nothing is lost when the provider rotates.

A rotated token is stored before the document names it, and the document names it before the former one is
dropped (by the reconciler: whoever renews may not destroy). A provider that rotates lets a token work
only once, so there only one process of all renews at a time; its lease is in the connection's document.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from pydantic import SecretStr

from shared.errors import ConfigurationError, DisconnectedError, UnavailableError
from shared.gateways.oauth import AccessToken, InvalidGrantError, OAuthProvider
from shared.gateways.secret_manager import SecretGoneError
from shared.models.base import utc_now
from shared.services.connections import (
    RECONNECT,
    ConnectionRef,
    ConnectionService,
    RenewalBusyError,
    StartedRenewal,
)
from shared.services.stored_grant import StoredGrant, grant_secret_id

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=12)
"""Longer than a renewal with all its retries can take."""
BUSY_WAIT_SECONDS = 4.0
"""How long a caller's tool waits for somebody else's renewal to end."""
BUSY_POLL_SECONDS = 0.2

REFUSED = "The provider does not accept the connection any more: it was withdrawn or has expired."
"""For the owner."""


class TokenSecrets(Protocol):
    """What `SecretManagerGateway` offers here."""

    async def access(self, version_name: str) -> SecretStr: ...

    async def access_latest(self, secret_id: str) -> tuple[str, SecretStr]: ...

    async def add_version(self, secret_id: str, value: SecretStr) -> str: ...


class TokenRefresher(Protocol):
    """What `OAuthGateway` offers here."""

    provider: OAuthProvider

    async def refresh(self, refresh_token: SecretStr) -> AccessToken: ...


class TokenRenewal:
    def __init__(
        self,
        secret_values: TokenSecrets,
        providers: Mapping[str, TokenRefresher],
        connections: ConnectionService,
        *,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._secrets = secret_values
        self._providers = providers
        self._connections = connections
        self._now = now

    async def renew(self, connection: ConnectionRef) -> AccessToken:
        """Raises `DisconnectedError` (and the owner is told), `UnavailableError`, `ConfigurationError`."""
        provider = self._providers.get(connection.provider)
        if provider is None:
            raise ConfigurationError(
                f"{connection.slug}: no OAuth provider {connection.provider!r} is set up"
            )
        if provider.provider.rotates_refresh_tokens:
            return await self._renew_alone(provider, connection)
        try:
            return await self._exchange(provider, connection)
        except (InvalidGrantError, SecretGoneError) as error:
            # Somebody may have connected again since the version was looked up: then that one counts.
            current = await self._after_refusal(connection, error)
        try:
            return await self._exchange(provider, current)
        except (InvalidGrantError, SecretGoneError) as error:
            await self._after_refusal(current, error)
            raise UnavailableError(f"{connection.slug}: the connection keeps changing") from error

    async def _exchange(self, provider: TokenRefresher, connection: ConnectionRef) -> AccessToken:
        grant = StoredGrant.opened(await self._secrets.access(connection.refresh_token_version))
        token = await provider.refresh(grant.refresh_token)
        if token.new_refresh_token is not None:
            version = await self._store(connection, token.new_refresh_token)
            await self._connections.adopt(connection, version)
        return token

    async def _renew_alone(self, provider: TokenRefresher, connection: ConnectionRef) -> AccessToken:
        owner = secrets.token_hex(8)
        started = await self._begin(connection, owner)
        current = started.connection
        refusal: Exception | None = None
        try:
            candidates = [current.refresh_token_version]
            if started.interrupted:
                candidates = await self._unrecorded(current) + candidates
            for version in candidates:
                try:
                    grant = StoredGrant.opened(await self._secrets.access(version))
                    token = await provider.refresh(grant.refresh_token)
                except (InvalidGrantError, SecretGoneError) as error:
                    refusal = error
                    continue
                await self._record(current, owner, version, token)
                return token
        except UnavailableError:
            await self._connections.suspend_renewal(current, owner)
            raise
        assert refusal is not None
        await self._after_refusal(current, refusal)
        raise UnavailableError(f"{connection.slug}: the connection keeps changing") from refusal

    async def _begin(self, connection: ConnectionRef, owner: str) -> StartedRenewal:
        waited = 0.0
        while True:
            try:
                return await self._connections.begin_renewal(connection, owner, LEASE)
            except RenewalBusyError as error:
                if waited >= BUSY_WAIT_SECONDS:
                    raise UnavailableError(f"{connection.slug}: renewed by others for too long") from error
            await asyncio.sleep(BUSY_POLL_SECONDS)
            waited += BUSY_POLL_SECONDS

    async def _unrecorded(self, connection: ConnectionRef) -> list[str]:
        """The version that a renewal stored before it died, if there is one."""
        try:
            version, value = await self._secrets.access_latest(grant_secret_id(connection.tool))
        except SecretGoneError:
            return []
        known = version == connection.refresh_token_version
        same = StoredGrant.opened(value).consent_id == connection.consent_id != ""
        return [version] if same and not known else []

    async def _record(self, current: ConnectionRef, owner: str, used: str, token: AccessToken) -> None:
        new_version = None if used == current.refresh_token_version else used
        if token.new_refresh_token is not None:
            new_version = await self._store(current, token.new_refresh_token)
        if not await self._connections.end_renewal(current, owner, new_version):
            logger.warning("a renewal was overtaken", extra={"slug": current.slug})

    async def _store(self, connection: ConnectionRef, refresh_token: SecretStr) -> str:
        grant = StoredGrant(
            refresh_token=refresh_token,
            consent_id=connection.consent_id,
            provider=connection.provider,
            account_email=connection.account_email,
        )
        return await self._secrets.add_version(grant_secret_id(connection.tool), grant.sealed())

    async def _after_refusal(self, connection: ConnectionRef, error: Exception) -> ConnectionRef:
        """Returns the newer connection that made the refusal irrelevant. Raises `DisconnectedError`."""
        try:
            if not await self._connections.mark_disconnected(connection, REFUSED):
                return await self._connections.current(connection)
        except UnavailableError:  # the caller's sentence matters more than the note for the owner
            logger.exception("could not record that a connection is gone", extra={"slug": connection.slug})
        raise DisconnectedError(RECONNECT, message=f"{connection.slug}: {error}") from error
