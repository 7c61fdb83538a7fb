"""Google's consent page and code exchange through google-auth-oauthlib.

Accounts are chosen, scopes are added to those granted before, and the account's address comes with the
tokens: https://developers.google.com/identity/protocols/oauth2/web-server
"""

# The library comes without types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

import asyncio
import logging
import os
from typing import Any, cast

import jwt
from google.oauth2.credentials import Credentials
from google_auth_oauthlib.flow import Flow
from oauthlib.oauth2.rfc6749.errors import OAuth2Error
from pydantic import BaseModel

from shared.errors import UnavailableError
from shared.gateways.oauth import (
    EXCHANGE_TIMEOUT_SECONDS,
    ConsentRequest,
    Grant,
    OAuthGateway,
    Token,
    refusal,
)

IDENTITY_SCOPES = ("openid", "https://www.googleapis.com/auth/userinfo.email")
"""They make Google say whose account it is."""

# oauthlib takes other scopes than those asked for as an error. People may grant fewer, and incremental
# authorization adds earlier ones: we look at what was granted ourselves.
os.environ.setdefault("OAUTHLIB_RELAX_TOKEN_SCOPE", "1")

# At DEBUG these write client secrets, codes and tokens into the log.
for _name in ("requests_oauthlib", "oauthlib"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class _Answer(BaseModel):
    """What the library found in Google's answer, which it does not look at closely."""

    token: Token
    refresh_token: Token | None
    granted_scopes: list[str] | None
    id_token: str | None


class GoogleConsentGateway(OAuthGateway):
    """`OAuthGateway` for Google; what follows the consent is the same as everywhere."""

    def authorization_url(self, request: ConsentRequest) -> str:
        parameters = {
            "access_type": "offline",
            # Without "consent" Google gives a refresh token only the first time.
            "prompt": "consent select_account",
            "include_granted_scopes": "true",
            "state": request.state,
        }
        if request.login_hint is not None:
            parameters["login_hint"] = request.login_hint
        return str(self._flow(request).authorization_url(**parameters)[0])

    async def exchange(self, code: str, request: ConsentRequest) -> Grant:
        try:
            async with asyncio.timeout(EXCHANGE_TIMEOUT_SECONDS + 1):
                return await asyncio.to_thread(self._exchange, code, request)
        except OAuth2Error as error:
            # Its text may quote the answer; code and status do not.
            raise refusal(self.provider.name, error.status_code or 0, str(error.error)) from None
        except Exception as error:  # noqa: BLE001 - what makes no sense runs the libraries into errors of every kind
            raise UnavailableError(f"{self.provider.name}: code exchange: {type(error).__name__}") from None

    def _exchange(self, code: str, request: ConsentRequest) -> Grant:
        """Blocks."""
        flow = self._flow(request)
        with flow.oauth2session:
            # The code and our client's secret are for Google's address alone.
            flow.oauth2session.max_redirects = 0
            flow.fetch_token(code=code, timeout=EXCHANGE_TIMEOUT_SECONDS)
        credentials = flow.credentials
        if not isinstance(credentials, Credentials):
            raise ValueError("not a user's credentials")  # noqa: TRY004 - the answer is wrong, not our call
        answer = _Answer.model_validate(credentials, from_attributes=True)
        return Grant(
            refresh_token=answer.refresh_token,
            scopes=frozenset(answer.granted_scopes or request.scopes),
            account_email=self._account_email_in(answer.id_token),
        )

    def _account_email_in(self, id_token: str | None) -> str | None:
        """Google itself handed us the token over TLS, so its signature proves nothing more
        (OpenID Connect Core 1.0, section 3.1.3.7)."""
        if id_token is None:
            return None
        claims: dict[str, Any] = jwt.decode(id_token, options={"verify_signature": False})
        if claims.get("aud") != self.provider.client_id or claims.get("email_verified") is not True:
            return None
        return cast("str | None", claims.get("email"))

    def _flow(self, request: ConsentRequest) -> Flow:
        config = {
            "client_id": self.provider.client_id,
            "client_secret": self.provider.client_secret.get_secret_value(),
            "auth_uri": self.provider.authorization_uri,
            "token_uri": self.provider.token_uri,
        }
        return Flow.from_client_config(
            {"web": config},
            scopes=[*IDENTITY_SCOPES, *request.scopes],
            redirect_uri=request.redirect_uri,
            code_verifier=request.verifier.get_secret_value(),
            autogenerate_code_verifier=False,
        )
