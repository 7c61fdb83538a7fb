"""Who signs a request: people, with the ID token of an issuer that the deployment trusts.

In the cloud that is Google Identity Platform (`https://securetoken.google.com/PROJECT`), on the laptop
`local.identity`. Nothing is kept between requests but the issuers' public keys.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import jwt

from shared.errors import ForbiddenError, UnauthenticatedError
from shared.gateways.signing_keys import SigningKeys
from shared.services.id_tokens import IdTokenVerifier
from shared.settings import Settings


class IdentitySettings(Settings):
    user_token_issuers: str
    """One or several, with commas between them; each answers OpenID Connect Discovery."""
    user_token_audience: str
    """What the tokens must be meant for: at Identity Platform the project's id."""

    @property
    def issuers(self) -> list[str]:
        return [issuer.strip() for issuer in self.user_token_issuers.split(",") if issuer.strip()]


@dataclass(frozen=True)
class User:
    user_id: str
    """The id of the member's document; see `user_id_for`."""
    issuer: str
    subject: str
    email: str | None
    """Only if the issuer has verified it."""


class IdentityService:
    def __init__(self, issuers: Sequence[str], audience: str) -> None:
        self._verifiers = {
            issuer: IdTokenVerifier(SigningKeys(issuer, discover=True), [issuer], audience)
            for issuer in issuers
        }

    async def verify(self, token: str) -> User:
        """Takes the bearer token (`id_tokens.bearer_token`).

        Raises `UnauthenticatedError`, `UnavailableError`.
        """
        verifier = self._verifiers.get(_claimed_issuer(token))
        if verifier is None:
            raise UnauthenticatedError("the token is from an issuer that nobody trusts")
        try:
            claims = await verifier.verify(token)
        except ForbiddenError as error:  # somebody else's token signs nobody in
            raise UnauthenticatedError(str(error)) from error
        issuer, subject = str(claims["iss"]), str(claims["sub"])
        email = claims.get("email") if claims.get("email_verified") is True else None
        return User(user_id_for(issuer, subject), issuer, subject, cast("str | None", email))


def user_id_for(issuer: str, subject: str) -> str:
    """A subject is unique for its issuer only, and may hold any character: members are named by a hash."""
    return hashlib.sha256(f"{issuer}\n{subject}".encode()).hexdigest()[:32]


def _claimed_issuer(token: str) -> str:
    """Decides only whose keys to check the token with."""
    try:
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError as error:
        raise UnauthenticatedError(f"not a token: {error}") from error
    return str(claims.get("iss"))
