"""An OAuth 2.0 provider: consent page, code, refresh token, revocation (RFC 6749, 7009, 7636).

A provider is data, `OAuthProvider`: nothing here is particular to one of them. Google's consent goes through
its own library, in `google_consent`.
"""

import asyncio
import hashlib
import logging
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode

import aiohttp
from pydantic import AfterValidator, BaseModel, Field, SecretStr, ValidationError

from shared.errors import ConfigurationError, TrunklineError, UnavailableError
from shared.gateways.answers import read_whole

logger = logging.getLogger(__name__)

# A caller is waiting while a token is refreshed: 2 attempts, each well within a tool's time.
ATTEMPT_TIMEOUT_SECONDS = 2.5
BACKOFF_SECONDS = (0.25,)  # before the second attempt
RETRIED_STATUS = frozenset({429, 500, 502, 503, 504})

# A person is waiting, once. A code works once, so its exchange is never repeated.
EXCHANGE_TIMEOUT_SECONDS = 8.0

MAX_ANSWER_BYTES = 65_536
LONGEST_LIFE_SECONDS = 10 * 365 * 86_400
"""Of an access token; more is no answer to go by."""


@dataclass(frozen=True)
class OAuthProvider:
    """One OAuth client at one provider."""

    name: str
    """As tools' metadata and addresses have it."""
    token_uri: str
    client_id: str
    client_secret: SecretStr
    authorization_uri: str = ""
    revocation_uri: str | None = None
    """RFC 7009; None: the provider has no such thing, and a token ends by being destroyed."""
    userinfo_uri: str | None = None
    """Answers `{"email": …}`; None: connections do not show whose account it is."""
    display_name: str = ""
    authorization_parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    """Besides the standard ones."""
    rotates_refresh_tokens: bool = False
    """Each refresh gives a new refresh token and ends the former: only one may run at a time."""
    revokes_whole_grant: bool = False
    """Revoking one token ends all that the account ever granted to our client."""


@dataclass(frozen=True)
class AccessToken:
    value: SecretStr
    expires_at: datetime
    new_refresh_token: SecretStr | None = None
    """From now on the only one that works, if the provider rotates."""


@dataclass(frozen=True)
class ConsentRequest:
    """What the person is asked for. `verifier` is PKCE's."""

    redirect_uri: str
    scopes: Sequence[str]
    state: str
    verifier: SecretStr
    login_hint: str | None = None


@dataclass(frozen=True)
class Grant:
    """What came of it."""

    refresh_token: SecretStr | None
    scopes: frozenset[str]
    account_email: str | None


class InvalidGrantError(TrunklineError):
    """The refresh token is revoked, expired or was never ours: only a new consent helps."""

    sentence = "The connected account has to be connected again."


def _visible(token: SecretStr) -> SecretStr:
    text = token.get_secret_value()
    if not (text.isascii() and text.isprintable()):
        raise ValueError("a token of characters that no token has")
    return token


Token = Annotated[SecretStr, AfterValidator(_visible)]
"""RFC 6749, appendices A.12 and A.17: fit for a header."""


class _Granted(BaseModel):
    """RFC 6749, section 5.1. `expires_in` is in seconds and may be left out."""

    access_token: Token
    expires_in: int = Field(default=300, ge=0, le=LONGEST_LIFE_SECONDS)
    refresh_token: Token | None = None
    scope: str | None = None
    """Left out when it is what was asked for."""


class _Refused(BaseModel):
    """RFC 6749, section 5.2."""

    error: str = "unknown"


class _UserInfo(BaseModel):
    email: str | None = None


class OAuthGateway:
    """Talks to one provider."""

    def __init__(
        self,
        provider: OAuthProvider,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        attempt_timeout_seconds: float = ATTEMPT_TIMEOUT_SECONDS,
    ) -> None:
        self.provider = provider
        self._now = now
        self._timeout = aiohttp.ClientTimeout(total=attempt_timeout_seconds)

    def authorization_url(self, request: ConsentRequest) -> str:
        """Where the person says yes or no."""
        parameters = {
            **self.provider.authorization_parameters,
            "response_type": "code",
            "client_id": self.provider.client_id,
            "redirect_uri": request.redirect_uri,
            "scope": " ".join(request.scopes),
            "state": request.state,
            "code_challenge": challenge_of(request.verifier),
            "code_challenge_method": "S256",
        }
        if request.login_hint is not None:
            parameters["login_hint"] = request.login_hint
        separator = "&" if "?" in self.provider.authorization_uri else "?"
        return self.provider.authorization_uri + separator + urlencode(parameters)

    async def exchange(self, code: str, request: ConsentRequest) -> Grant:
        """Raises `InvalidGrantError` for a code that does not work (any more), `ConfigurationError`,
        `UnavailableError`."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": request.redirect_uri,
            "code_verifier": request.verifier.get_secret_value(),
            **self._client(),
        }
        timeout = aiohttp.ClientTimeout(total=EXCHANGE_TIMEOUT_SECONDS)
        granted = self._granted(*await self._post(self.provider.token_uri, form, timeout, pauses=()))
        scopes = request.scopes if granted.scope is None else granted.scope.split()
        email = await self._account_email(granted.access_token)
        return Grant(granted.refresh_token, frozenset(scopes), email)

    async def refresh(self, refresh_token: SecretStr) -> AccessToken:
        """Raises `InvalidGrantError`; `ConfigurationError` when the provider refuses our client;
        `UnavailableError` when it does not answer as it should."""
        form = {
            "grant_type": "refresh_token",
            "refresh_token": refresh_token.get_secret_value(),
            **self._client(),
        }
        asked_at = self._now()
        granted = self._granted(*await self._post(self.provider.token_uri, form, self._timeout))
        rotated = granted.refresh_token
        if rotated is not None and rotated.get_secret_value() == refresh_token.get_secret_value():
            rotated = None
        expires_at = asked_at + timedelta(seconds=granted.expires_in)
        return AccessToken(granted.access_token, expires_at, rotated)

    async def revoke(self, refresh_token: SecretStr) -> None:
        """End the token at the provider; one that is over already is fine. Raises `UnavailableError`."""
        if self.provider.revocation_uri is None:
            return
        form = {
            "token": refresh_token.get_secret_value(),
            "token_type_hint": "refresh_token",
            **self._client(),
        }
        status, body = await self._post(self.provider.revocation_uri, form, self._timeout)
        # RFC 7009 answers 200 for an unknown token; Google answers 400 invalid_token.
        if status == 200 or (status == 400 and _error_code(body) in ("invalid_token", "invalid_grant")):
            return
        raise self._refusal(status, body)

    def _client(self) -> dict[str, str]:
        secret = self.provider.client_secret.get_secret_value()
        return {"client_id": self.provider.client_id, "client_secret": secret}

    def _granted(self, status: int, body: bytes) -> _Granted:
        if status != 200:
            raise self._refusal(status, body)
        try:
            return _Granted.model_validate_json(body)
        except ValidationError:
            # The body is not quoted and the cause is cut off: both may hold a token.
            raise UnavailableError(f"{self.provider.name}: the token answer is malformed") from None

    async def _account_email(self, access_token: SecretStr) -> str | None:
        if self.provider.userinfo_uri is None:
            return None
        headers = {"Authorization": f"Bearer {access_token.get_secret_value()}"}
        try:
            async with (
                aiohttp.ClientSession(timeout=self._timeout) as http,
                http.get(self.provider.userinfo_uri, headers=headers, allow_redirects=False) as answer,
            ):
                answer.raise_for_status()
                return _UserInfo.model_validate_json(await read_whole(answer, MAX_ANSWER_BYTES)).email
        except (aiohttp.ClientError, TimeoutError, ValidationError) as error:
            raise UnavailableError(f"{self.provider.name}: userinfo: {type(error).__name__}") from None

    async def _post(
        self,
        uri: str,
        form: dict[str, str],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - of each attempt, for aiohttp to keep
        pauses: Sequence[float] = BACKOFF_SECONDS,
    ) -> tuple[int, bytes]:
        failure = ""
        for pause in (*pauses, None):
            try:
                async with (
                    aiohttp.ClientSession(timeout=timeout) as http,
                    http.post(uri, data=form, allow_redirects=False) as response,
                ):
                    if response.status not in RETRIED_STATUS:
                        return response.status, await read_whole(response, MAX_ANSWER_BYTES)
                    failure = f"status {response.status}"
            except (aiohttp.ClientError, TimeoutError) as error:
                failure = type(error).__name__
            if pause is not None:
                logger.info("token endpoint failed, trying again", extra={"failure": failure})
                await asyncio.sleep(pause)
        raise UnavailableError(f"{self.provider.name}: the token endpoint failed: {failure}")

    def _refusal(self, status: int, body: bytes) -> TrunklineError:
        return refusal(self.provider.name, status, _error_code(body))


def refusal(provider: str, status: int, code: str) -> TrunklineError:
    """What an error of a token endpoint (RFC 6749, section 5.2) means to us."""
    if code == "invalid_grant":
        return InvalidGrantError(f"{provider}: invalid_grant")
    if code in ("invalid_client", "unauthorized_client", "redirect_uri_mismatch"):
        return ConfigurationError(f"{provider}: the OAuth client is refused: {code}")
    return UnavailableError(f"{provider}: the token endpoint answered {status} {code[:40]}")


def challenge_of(verifier: SecretStr) -> str:
    """RFC 7636, section 4.2."""
    digest = hashlib.sha256(verifier.get_secret_value().encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def _error_code(body: bytes) -> str:
    try:
        return _Refused.model_validate_json(body).error
    except ValidationError:
        return "unknown"
