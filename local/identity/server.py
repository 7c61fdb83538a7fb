"""An OpenID Connect issuer: discovery, keys, a sign-in page without passwords, tokens.

GET  /.well-known/openid-configuration, /jwks
GET  /authorize   authorization code with PKCE; the page asks who you are, unless login_hint or the last
                  time's cookie says so (prompt=select_account asks all the same)
POST /authorize
POST /token       grant_type=authorization_code -> {id_token, access_token}
GET  /sign-out    ?post_logout_redirect_uri; forgets who signed in
GET  /_local/users    -> [{email, name}], who may sign in
POST /_local/users    {email, name?} -> {email, subject}
POST /_local/tokens   {email, audience?, expires_in?, claims?} -> {id_token}; a user is made if needed
PUT  /_local/lifetime {seconds}   of the tokens that signing in gives from now on
"""

import hashlib
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from local.identity.keys import SigningKey
from local.identity.users import User, Users
from local.request_body import parsed

AUDIENCE = "trunkline-laptop"
TOKEN_LIFETIME_SECONDS = 3600
_CODE_LIFETIME_SECONDS = 60
_KEYS_MAX_AGE_SECONDS = 300
_CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "content-type"}

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; }
main { width: min(26rem, 100% - 2rem); }
button { display: block; width: 100%; margin: .5rem 0; padding: .75rem 1rem; border-radius: .5rem;
         border: 1px solid light-dark(#777, #999); background: none; font: inherit; text-align: start;
         cursor: pointer; }
"""


class TokenBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email: str
    audience: str = AUDIENCE
    expires_in: int = TOKEN_LIFETIME_SECONDS
    """Seconds; negative for a token that has expired."""
    claims: dict[str, Any] = Field(default_factory=dict)
    """Instead of the usual ones."""


class LifetimeBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    seconds: int = Field(gt=0)


class UserBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email: str
    name: str | None = None


@dataclass(frozen=True)
class _Code:
    user: User
    client_id: str
    redirect_uri: str
    challenge: str
    nonce: str | None
    expires: float


def cookie_name(port: int) -> str:
    """Browsers send a host's cookies to all of its ports; each laptop cloud has its own."""
    return f"trunkline_identity_{port}"


class Identity:
    """An async context manager; `url` is the issuer, known once it is entered. `port` 0 is a free one."""

    def __init__(
        self,
        state: Path,
        port: int = 0,
        *,
        redirect_uris: Sequence[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`redirect_uris`: where the sign-in page may send people (the dashboard)."""
        self.port = port
        self.users = Users(state / "users.json")
        self._key = SigningKey(state / "key.pem")
        self._redirect_uris = frozenset(redirect_uris)
        self._clock = clock
        self._codes: dict[str, _Code] = {}
        self._lifetime = TOKEN_LIFETIME_SECONDS

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.add_routes(
            [
                web.get("/.well-known/openid-configuration", self._configuration),
                web.get("/jwks", self._jwks),
                web.get("/authorize", self._ask),
                web.post("/authorize", self._sign_in),
                web.post("/token", self._token),
                web.options("/token", self._preflight),
                web.get("/sign-out", self._sign_out),
                web.put("/_local/lifetime", self._put_lifetime),
                web.get("/_local/users", self._get_users),
                web.post("/_local/users", self._put_user),
                web.post("/_local/tokens", self._issue),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def token(
        self,
        email: str,
        *,
        audience: str = AUDIENCE,
        expires_in: int = TOKEN_LIFETIME_SECONDS,
        claims: dict[str, Any] | None = None,
    ) -> str:
        """An ID token, as after signing in."""
        user = self.users.find(email) or self.users.put(email)
        now = int(self._clock())
        return self._key.sign(
            {
                "iss": self.url,
                "sub": user.subject,
                "aud": audience,
                "email": user.email,
                "email_verified": True,
                "name": user.name,
                "iat": min(now, now + expires_in),
                "exp": now + expires_in,
            }
            | (claims or {})
        )

    async def _configuration(self, _: web.Request) -> web.Response:
        document = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "end_session_endpoint": f"{self.url}/sign-out",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "code_challenge_methods_supported": ["S256"],
        }
        return web.json_response(document, headers=_CORS)

    async def _jwks(self, _: web.Request) -> web.Response:
        headers = {**_CORS, "Cache-Control": f"public, max-age={_KEYS_MAX_AGE_SECONDS}"}
        return web.json_response(self._key.jwks(), headers=headers)

    async def _ask(self, request: web.Request) -> web.Response:
        if problem := self._problem(request):
            return web.Response(status=400, text=problem)
        if request.query.get("prompt") != "select_account":
            known = request.query.get("login_hint") or request.cookies.get(cookie_name(self.port), "")
            if user := self.users.find(known):
                return self._grant(request, user)
        buttons = "".join(
            f'<button name="email" value="{escape(user.email)}">{escape(user.name)}<br>'
            f"<small>{escape(user.email)}</small></button>"
            for user in self.users.all()
        )
        form = f'<form method="post">{buttons or "<p>There is nobody yet: POST /_local/users</p>"}</form>'
        page = f"""<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Sign in</title>
<link rel="icon" href="data:,"><style>{_STYLE}</style></head>
<body><main><h1>Who are you?</h1><p>The laptop cloud asks for no password.</p>
{form}</main></body></html>"""
        return web.Response(text=page, content_type="text/html", headers={"Cache-Control": "no-store"})

    async def _sign_in(self, request: web.Request) -> web.Response:
        """The form comes back to its own address, so the query still says what was asked for."""
        if problem := self._problem(request):
            return web.Response(status=400, text=problem)
        user = self.users.find(str((await request.post()).get("email", "")))
        if user is None:
            return web.Response(status=400, text="nobody of that name")
        return self._grant(request, user)

    def _grant(self, request: web.Request, user: User) -> web.Response:
        """Back to who asked, with a code."""
        query = request.query
        code = secrets.token_urlsafe(24)
        self._codes[code] = _Code(
            user,
            query["client_id"],
            query["redirect_uri"],
            query["code_challenge"],
            query.get("nonce"),
            self._clock() + _CODE_LIFETIME_SECONDS,
        )
        back = urlencode({"code": code, "state": query.get("state", "")})
        response = web.Response(status=302, headers={"Location": f"{query['redirect_uri']}?{back}"})
        response.set_cookie(cookie_name(self.port), user.email, httponly=True, samesite="Lax")
        return response

    async def _sign_out(self, request: web.Request) -> web.Response:
        back = request.query.get("post_logout_redirect_uri")
        if back not in self._redirect_uris:
            return web.Response(status=400, text="post_logout_redirect_uri is not registered")
        response = web.Response(status=302, headers={"Location": back})
        response.del_cookie(cookie_name(self.port))
        return response

    def _problem(self, request: web.Request) -> str | None:
        query = request.query
        if query.get("redirect_uri") not in self._redirect_uris:
            return "redirect_uri is not registered"
        if query.get("response_type") != "code" or "openid" not in query.get("scope", "").split():
            return "only response_type=code with scope openid is served"
        if query.get("code_challenge_method") != "S256" or not query.get("code_challenge"):
            return "PKCE with S256 is needed"
        return None if query.get("client_id") else "client_id is missing"

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        code = self._codes.pop(str(form.get("code", "")), None)
        digest = hashlib.sha256(str(form.get("code_verifier", "")).encode()).digest()
        challenge = urlsafe_b64encode(digest).rstrip(b"=").decode()
        valid = (
            code is not None
            and form.get("grant_type") == "authorization_code"
            and code.expires > self._clock()
            and (form.get("client_id"), form.get("redirect_uri")) == (code.client_id, code.redirect_uri)
            and secrets.compare_digest(challenge, code.challenge)
        )
        if code is None or not valid:
            return web.json_response({"error": "invalid_grant"}, status=400, headers=_CORS)
        claims = {"nonce": code.nonce} if code.nonce else {}
        answer = {
            "id_token": self.token(
                code.user.email, audience=code.client_id, expires_in=self._lifetime, claims=claims
            ),
            "access_token": secrets.token_urlsafe(24),  # nothing takes it, but OAuth 2 wants one
            "token_type": "Bearer",
            "expires_in": self._lifetime,
        }
        return web.json_response(answer, headers={**_CORS, "Cache-Control": "no-store"})

    async def _preflight(self, _: web.Request) -> web.Response:
        return web.Response(status=204, headers=_CORS)

    async def _get_users(self, _: web.Request) -> web.Response:
        return web.json_response([asdict(user) for user in self.users.all()])

    async def _put_user(self, request: web.Request) -> web.Response:
        body = await parsed(request, UserBody)
        user = self.users.put(body.email, body.name)
        return web.json_response({"email": user.email, "subject": user.subject})

    async def _put_lifetime(self, request: web.Request) -> web.Response:
        self._lifetime = (await parsed(request, LifetimeBody)).seconds
        return web.Response(status=204)

    async def _issue(self, request: web.Request) -> web.Response:
        body = await parsed(request, TokenBody)
        token = self.token(body.email, audience=body.audience, expires_in=body.expires_in, claims=body.claims)
        return web.json_response({"id_token": token})
