"""An OAuth 2 token endpoint: a refresh token becomes an access token (RFC 6749, section 6).

A provider is data, `OAuthProvider`: Google is the first one, nothing here is particular to it.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aiohttp
from pydantic import BaseModel, SecretStr, ValidationError

from shared.errors import ConfigurationError, TrunklineError, UnavailableError

logger = logging.getLogger(__name__)

# A caller is waiting while a token is refreshed: 2 attempts, each well within a tool's time.
ATTEMPT_TIMEOUT_SECONDS = 2.5
BACKOFF_SECONDS = (0.25,)  # before the second attempt
RETRIED_STATUS = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True)
class OAuthProvider:
    """One OAuth client at one provider."""

    name: str
    token_uri: str
    client_id: str
    client_secret: SecretStr


@dataclass(frozen=True)
class AccessToken:
    value: SecretStr
    expires_at: datetime


class InvalidGrantError(TrunklineError):
    """The refresh token is revoked, expired or was never ours: only a new consent helps."""

    sentence = "The connected account has to be connected again."


class _Granted(BaseModel):
    """RFC 6749, section 5.1. `expires_in` is in seconds and may be left out."""

    access_token: SecretStr
    expires_in: int = 300


class _Refused(BaseModel):
    """RFC 6749, section 5.2."""

    error: str = "unknown"


class OAuthGateway:
    """Talks to one provider's token endpoint."""

    def __init__(
        self,
        provider: OAuthProvider,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        attempt_timeout_seconds: float = ATTEMPT_TIMEOUT_SECONDS,
    ) -> None:
        self._provider = provider
        self._now = now
        self._timeout = aiohttp.ClientTimeout(total=attempt_timeout_seconds)

    async def refresh(self, refresh_token: SecretStr) -> AccessToken:
        """Raises `InvalidGrantError`; `ConfigurationError` when the provider refuses our client;
        `UnavailableError` when it does not answer as it should."""
        form = {
            "grant_type": "refresh_token",
            "refresh_token": refresh_token.get_secret_value(),
            "client_id": self._provider.client_id,
            "client_secret": self._provider.client_secret.get_secret_value(),
        }
        asked_at = self._now()
        status, body = await self._post(form)
        if status != 200:
            raise self._refusal(status, body)
        try:
            granted = _Granted.model_validate_json(body)
        except ValidationError:
            # The body is not quoted and the cause is cut off: both may hold a token.
            raise UnavailableError(f"{self._provider.name}: the token answer is malformed") from None
        return AccessToken(granted.access_token, asked_at + timedelta(seconds=granted.expires_in))

    async def _post(self, form: dict[str, str]) -> tuple[int, bytes]:
        failure = ""
        for pause in (*BACKOFF_SECONDS, None):
            try:
                async with (
                    aiohttp.ClientSession(timeout=self._timeout) as http,
                    http.post(self._provider.token_uri, data=form, allow_redirects=False) as response,
                ):
                    if response.status not in RETRIED_STATUS:
                        return response.status, await response.read()
                    failure = f"status {response.status}"
            except (aiohttp.ClientError, TimeoutError) as error:
                failure = type(error).__name__
            if pause is not None:
                logger.info("token endpoint failed, trying again", extra={"failure": failure})
                await asyncio.sleep(pause)
        raise UnavailableError(f"{self._provider.name}: the token endpoint failed: {failure}")

    def _refusal(self, status: int, body: bytes) -> TrunklineError:
        try:
            code = _Refused.model_validate_json(body).error
        except ValidationError:
            code = "unknown"
        if code == "invalid_grant":
            return InvalidGrantError(f"{self._provider.name}: invalid_grant")
        if code in ("invalid_client", "unauthorized_client"):
            return ConfigurationError(f"{self._provider.name}: the OAuth client is refused: {code}")
        return UnavailableError(f"{self._provider.name}: the token endpoint answered {status} {code}")
