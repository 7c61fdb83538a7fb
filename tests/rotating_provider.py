"""A generic OAuth 2.0 provider that rotates refresh tokens and ends a whole family when one is used twice.

As RFC 9700, section 4.14.2, recommends. Consent is automatic: the account that `account` names agrees.
"""

import secrets
from typing import Self
from urllib.parse import urlencode

from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from shared.gateways.oauth import OAuthProvider, challenge_of

CLIENT_ID, CLIENT_SECRET = "crm-client", "crm-client-secret"
SCOPE = "crm.read"


class RotatingProvider:
    """An async context manager."""

    def __init__(self) -> None:
        self.account = "ops@harbor.example"
        self.tokens: dict[str, str] = {}
        """Refresh token that works → its family."""
        self._used: dict[str, str] = {}
        self._codes: dict[str, str] = {}
        self._access: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.add_routes(
            [
                web.get("/authorize", self._authorize),
                web.post("/token", self._token),
                web.post("/revoke", self._revoke),
                web.get("/userinfo", self._userinfo),
            ]
        )
        self._server = TestServer(app)
        await self._server.start_server()
        self.url = f"http://127.0.0.1:{self._server.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.close()

    def provider(self) -> OAuthProvider:
        return OAuthProvider(
            name="crm",
            token_uri=f"{self.url}/token",
            client_id=CLIENT_ID,
            client_secret=SecretStr(CLIENT_SECRET),
            authorization_uri=f"{self.url}/authorize",
            revocation_uri=f"{self.url}/revoke",
            userinfo_uri=f"{self.url}/userinfo",
            rotates_refresh_tokens=True,
        )

    def environment(self) -> dict[str, str]:
        return {
            "OAUTH2_PROVIDER": "crm",
            "OAUTH2_DISPLAY_NAME": "CRM",
            "OAUTH2_CLIENT_ID": CLIENT_ID,
            "OAUTH2_CLIENT_SECRET": CLIENT_SECRET,
            "OAUTH2_AUTH_URI": f"{self.url}/authorize",
            "OAUTH2_TOKEN_URI": f"{self.url}/token",
            "OAUTH2_REVOKE_URI": f"{self.url}/revoke",
            "OAUTH2_USERINFO_URI": f"{self.url}/userinfo",
            "OAUTH2_ROTATES_REFRESH_TOKENS": "true",
        }

    def code(self, challenge: str) -> str:
        """As if somebody had just agreed."""
        code = secrets.token_urlsafe(16)
        self._codes[code] = challenge
        return code

    async def _authorize(self, request: web.Request) -> web.Response:
        query = request.query
        back = urlencode({"code": self.code(query["code_challenge"]), "state": query["state"]})
        return web.Response(status=302, headers={"Location": f"{query['redirect_uri']}?{back}"})

    async def _token(self, request: web.Request) -> web.Response:
        form = {key: str(value) for key, value in (await request.post()).items()}
        if (form["client_id"], form["client_secret"]) != (CLIENT_ID, CLIENT_SECRET):
            return web.json_response({"error": "invalid_client"}, status=401)
        family = self._family_of_code(form) if "code" in form else self._family_of_token(form)
        if family is None:
            return web.json_response({"error": "invalid_grant"}, status=400)
        refresh, access = (
            "crm-refresh-" + secrets.token_urlsafe(16),
            "crm-access-" + secrets.token_urlsafe(16),
        )
        self.tokens[refresh] = family
        self._access[access] = self.account
        return web.json_response(
            {"access_token": access, "expires_in": 3600, "refresh_token": refresh, "token_type": "Bearer"}
        )

    def _family_of_code(self, form: dict[str, str]) -> str | None:
        challenge = self._codes.pop(form["code"], None)
        valid = challenge is not None and challenge == challenge_of(SecretStr(form["code_verifier"]))
        return secrets.token_hex(8) if valid else None

    def _family_of_token(self, form: dict[str, str]) -> str | None:
        token = form["refresh_token"]
        if reused := self._used.get(token):
            self._end(reused)
        family = self.tokens.pop(token, None)
        if family is not None:
            self._used[token] = family
        return family

    def _end(self, family: str) -> None:
        self.tokens = {token: owner for token, owner in self.tokens.items() if owner != family}

    async def _revoke(self, request: web.Request) -> web.Response:
        token = str((await request.post())["token"])
        family = self.tokens.get(token) or self._used.get(token)
        if family is not None:
            self._end(family)
        return web.Response()

    async def _userinfo(self, request: web.Request) -> web.Response:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        if token not in self._access:
            return web.Response(status=401)
        return web.json_response({"email": self._access[token]})
