"""ID tokens (OpenID Connect Core 1.0, section 2) that requests carry as a bearer token.

One piece of code for all who call us: people with a token of the deployment's issuer, and Google's
services (Cloud Tasks, Cloud Scheduler) with one for their service account.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from shared.errors import ForbiddenError, UnauthenticatedError
from shared.gateways.signing_keys import SigningKeys

CLOCK_SKEW_SECONDS = 60.0
"""Other people's clocks may be this much off."""

ALGORITHMS: Mapping[type, str] = {RSAPublicKey: "RS256", EllipticCurvePublicKey: "ES256"}
"""The key decides, never the token. Asymmetric ones only: with a symmetric one, whoever may check a token
could make one."""

GOOGLE_ISSUERS = ("https://accounts.google.com", "accounts.google.com")

Claims = Mapping[str, Any]


class IdTokenVerifier:
    """For tokens of one issuer, which may be known by several names."""

    def __init__(self, keys: SigningKeys, issuers: Sequence[str], audience: str) -> None:
        self._keys = keys
        self._issuers = issuers
        self._audience = audience

    async def verify(self, token: str) -> Claims:
        """Raises `UnauthenticatedError`, `ForbiddenError` (genuine, but not meant for us),
        `UnavailableError` (no keys to check with)."""
        try:
            key_id = str(jwt.get_unverified_header(token).get("kid"))
            key = await self._keys.find(key_id)
            if key is None:
                raise UnauthenticatedError(f"the token is signed with an unknown key {key_id[:80]!r}")
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[name for kind, name in ALGORITHMS.items() if isinstance(key, kind)],
                leeway=CLOCK_SKEW_SECONDS,
                # Both are checked below, for an answer of their own.
                options={"require": ["exp", "iat", "sub"], "verify_aud": False, "verify_iss": False},
            )
        except jwt.PyJWTError as error:
            raise UnauthenticatedError(f"the token is not valid: {error}") from error
        if claims.get("iss") not in self._issuers:
            raise ForbiddenError(f"the token is from {claims.get('iss')}")
        if not _is_for(claims.get("aud"), self._audience):
            raise ForbiddenError(f"the token is meant for {claims.get('aud')}")
        return claims


class ServiceAccountVerifier:
    """Whether a request comes from the one service account that Google signs these tokens for."""

    def __init__(self, certs_url: str, audience: str, email: str) -> None:
        self._tokens = IdTokenVerifier(SigningKeys(certs_url), GOOGLE_ISSUERS, audience)
        self._email = email

    async def verify(self, authorization: str | None) -> None:
        """Takes the `Authorization` header. Raises as `IdTokenVerifier.verify` does."""
        claims = await self._tokens.verify(bearer_token(authorization))
        if claims.get("email") != self._email or claims.get("email_verified") is not True:
            raise ForbiddenError(f"the token is for {claims.get('email')}")


def bearer_token(authorization: str | None) -> str:
    """From the header (RFC 6750, section 2.1). Raises `UnauthenticatedError`."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise UnauthenticatedError("no bearer token")
    return token.strip()


def _is_for(audience: Any, wanted: str) -> bool:
    if isinstance(audience, list):
        return wanted in cast("list[Any]", audience)
    return audience == wanted
