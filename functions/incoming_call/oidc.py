"""Who calls a Cloud Tasks target: the OIDC token that Google signs for the queue's service account.

https://cloud.google.com/tasks/docs/creating-http-target-tasks#token
"""

import asyncio
import re
import time
from collections.abc import Callable
from typing import Any

import aiohttp
from google.auth import exceptions, jwt

from shared.errors import TrunklineError, UnavailableError

ISSUERS = ("https://accounts.google.com", "accounts.google.com")

FETCH_TIMEOUT_SECONDS = 3.0

DEFAULT_MAX_AGE_SECONDS = 300.0
"""For keys that come without a cache header."""

MIN_REFETCH_SECONDS = 10.0
"""A token that names an unknown key makes us look for new ones, but not more often than this."""

_MAX_AGE = re.compile(r"max-age=(\d+)")


class UnauthenticatedError(TrunklineError):
    """There is no valid token."""


class ForbiddenError(TrunklineError):
    """The token is genuine, but not meant for us or not from whom we expect."""


class TokenVerifier:
    """Checks tokens against certificates that are kept as long as their headers allow."""

    def __init__(
        self, certs_url: str, audience: str, email: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._certs_url = certs_url
        self._audience = audience
        self._email = email
        self._clock = clock
        self._certs: dict[str, str] = {}
        self._fetched_at = float("-inf")
        self._fresh_until = float("-inf")
        self._fetching = asyncio.Lock()

    async def verify(self, authorization: str | None) -> None:
        """Raises `UnauthenticatedError`, `ForbiddenError`, `UnavailableError` (no keys to check with)."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise UnauthenticatedError("no bearer token")
        claims = await self._claims(token)
        if claims.get("aud") != self._audience:
            raise ForbiddenError(f"the token is meant for {claims.get('aud')}")
        if claims.get("iss") not in ISSUERS:
            raise ForbiddenError(f"the token is from {claims.get('iss')}")
        if claims.get("email") != self._email or claims.get("email_verified") is not True:
            raise ForbiddenError(f"the token is for {claims.get('email')}")

    async def _claims(self, token: str) -> dict[str, Any]:
        try:
            key_id: Any = jwt.decode_header(token).get("kid")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
            certs = await self._certs_with(str(key_id))
            # Signature, expiry and time of issue; the audience is checked above for an answer of its own.
            return dict(jwt.decode(token, certs=certs))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
        except (exceptions.GoogleAuthError, ValueError) as error:
            raise UnauthenticatedError(f"the token is not valid: {error}") from error

    async def _certs_with(self, key_id: str) -> dict[str, str]:
        async with self._fetching:
            now = self._clock()
            stale = now >= self._fresh_until
            unknown = key_id not in self._certs and now >= self._fetched_at + MIN_REFETCH_SECONDS
            if stale or unknown:
                await self._fetch(now)
            return self._certs

    async def _fetch(self, now: float) -> None:
        try:
            timeout = aiohttp.ClientTimeout(total=FETCH_TIMEOUT_SECONDS)
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(self._certs_url) as response,
            ):
                response.raise_for_status()
                self._certs = await response.json(content_type=None)
                max_age = _MAX_AGE.search(response.headers.get("Cache-Control", ""))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise UnavailableError(f"OIDC certificates: {type(error).__name__}") from error
        self._fetched_at = now
        self._fresh_until = now + (float(max_age[1]) if max_age else DEFAULT_MAX_AGE_SECONDS)
