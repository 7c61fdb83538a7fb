"""Public keys that others sign their tokens with, fetched and kept by the rules of HTTP caching."""

import asyncio
import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

import aiohttp
import jwt
from cryptography import x509
from pydantic import BaseModel, ValidationError

from shared.errors import UnavailableError

log = logging.getLogger(__name__)

FETCH_TIMEOUT_SECONDS = 3.0

DEFAULT_MAX_AGE_SECONDS = 300.0
"""For keys that come without a cache header."""

MIN_REFETCH_SECONDS = 10.0
"""A token that names an unknown key makes us look for new ones, but not more often than this."""

STALE_IF_ERROR_SECONDS = 3600.0
"""So long after their time keys are still good when no new ones are to be had (RFC 5861): a sign-in service
that is down for a moment stops nobody who is signed in."""

RETRY_AFTER_SECONDS = 2.0
"""Between two attempts while the keys' server fails; meanwhile nobody waits for it."""

_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=(\d+)", re.IGNORECASE)


class _Discovery(BaseModel):
    """OpenID Connect Discovery 1.0, section 3."""

    jwks_uri: str


class SigningKeys:
    """`url` answers a JWK set (RFC 7517) or Google's `{key id: X.509 certificate}`.

    With `discover`, it is an issuer whose configuration names that address.
    """

    def __init__(
        self, url: str, *, discover: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = url
        self._discover = discover
        self._clock = clock
        self._keys: dict[str, Any] = {}
        self._fetched_at = float("-inf")
        self._fresh_until = float("-inf")
        self._failed_at = float("-inf")
        self._fetching = asyncio.Lock()

    async def find(self, key_id: str) -> Any | None:
        """A public key as PyJWT takes it; None: there is none of that name.

        Raises `UnavailableError` when there are no keys to look at.
        """
        async with self._fetching:
            now = self._clock()
            stale = now >= self._fresh_until
            unknown = key_id not in self._keys and now >= self._fetched_at + MIN_REFETCH_SECONDS
            if stale or unknown:
                await self._refresh(key_id, now)
            return self._keys.get(key_id)

    async def _refresh(self, key_id: str, now: float) -> None:
        is_good_enough = key_id in self._keys and now < self._fresh_until + STALE_IF_ERROR_SECONDS
        if now < self._failed_at + RETRY_AFTER_SECONDS:
            if is_good_enough:
                return
            raise UnavailableError(f"signing keys of {self._url}: they could not be had a moment ago")
        try:
            await self._fetch(now)
        except UnavailableError as error:
            if not is_good_enough:
                raise
            log.warning("signing keys are kept beyond their time", extra={"reason": str(error)})

    async def _fetch(self, now: float) -> None:
        try:
            timeout = aiohttp.ClientTimeout(total=FETCH_TIMEOUT_SECONDS)
            async with aiohttp.ClientSession(timeout=timeout, raise_for_status=True) as http:
                url = await self._address(http)
                async with http.get(url) as response:
                    self._keys = _parse(await response.json(content_type=None))
                    max_age = _MAX_AGE.search(response.headers.get("Cache-Control", ""))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, jwt.PyJWTError) as error:
            self._failed_at = self._clock()
            raise UnavailableError(f"signing keys of {self._url}: {type(error).__name__}") from error
        self._fetched_at = now
        self._fresh_until = now + (float(max_age[1]) if max_age else DEFAULT_MAX_AGE_SECONDS)

    async def _address(self, http: aiohttp.ClientSession) -> str:
        if not self._discover:
            return self._url
        async with http.get(f"{self._url.rstrip('/')}/.well-known/openid-configuration") as response:
            try:
                return _Discovery.model_validate_json(await response.read()).jwks_uri
            except ValidationError as error:
                raise ValueError("no jwks_uri") from error


def _parse(document: Any) -> dict[str, Any]:
    if not isinstance(document, Mapping):
        raise ValueError("not a set of keys")  # noqa: TRY004 - what we were sent is wrong
    found = cast("Mapping[str, Any]", document)
    if "keys" in found:
        keys = jwt.PyJWKSet.from_dict(dict(found)).keys
        return {key.key_id: key.key for key in keys if key.key_id is not None}
    return {
        key_id: x509.load_pem_x509_certificate(str(pem).encode()).public_key()
        for key_id, pem in found.items()
    }
