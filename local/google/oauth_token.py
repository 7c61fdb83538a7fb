"""The OAuth endpoints that programs call: token, revoke, userinfo.

https://developers.google.com/identity/protocols/oauth2/web-server
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from local.google.identity import Identity, InvalidAssertionError
from local.google.oauth_store import Grant, OAuthStore, verifier_matches

_GOOGLES_OWN = "https://oauth2.googleapis.com/token"
"""google-auth signs for this endpoint, wherever it sends the request."""

Answer = dict[str, Any]


class OAuthError(Exception):
    """RFC 6749, section 5.2."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.status = status


class TokenEndpoints:
    def __init__(
        self, store: OAuthStore, identity: Callable[[], Identity], clock: Callable[[], float]
    ) -> None:
        """`identity` is a function since it names this server's port, which is known only once it listens."""
        self._store = store
        self._identity = identity
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/token", self._token),
            web.post("/revoke", self._revoke),
            web.get("/oauth2/v3/userinfo", self._userinfo),
            web.get("/v1/userinfo", self._userinfo),
        ]

    async def _token(self, request: web.Request) -> web.Response:
        form = {key: str(value) for key, value in (await request.post()).items()}
        try:
            return web.json_response(self._answer(request, form), headers={"Cache-Control": "no-store"})
        except OAuthError as error:
            return _refusal(error)

    def _answer(self, request: web.Request, form: Mapping[str, str]) -> Answer:
        match form.get("grant_type"):
            case "authorization_code":
                return self._exchange_code(self._client_id(request, form), form)
            case "refresh_token":
                return self._refresh(self._client_id(request, form), form)
            case "urn:ietf:params:oauth:grant-type:jwt-bearer":
                return self._exchange_assertion(str(request.url.origin()), form)
            case other:
                raise OAuthError("unsupported_grant_type", f"Invalid grant_type: {other or ''}")

    def _client_id(self, request: web.Request, form: Mapping[str, str]) -> str:
        """Of the client that proved to be itself, by form fields or HTTP Basic."""
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
        scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                client_id, _, secret = (unquote(part) for part in b64decode(encoded).decode().partition(":"))
            except (Base64Error, UnicodeDecodeError):
                raise OAuthError("invalid_client", "Unauthorized", 401) from None
        client = self._store.clients.get(client_id)
        if client is None:
            raise OAuthError("invalid_client", "The OAuth client was not found.", 401)
        if client.secret != secret:
            raise OAuthError("invalid_client", "Unauthorized", 401)
        return client_id

    def _exchange_code(self, client_id: str, form: Mapping[str, str]) -> Answer:
        code = self._store.redeem_code(form.get("code", ""))
        if code is None or code.grant.client_id != client_id:
            raise OAuthError("invalid_grant", "Malformed auth code.")
        if code.redirect_uri != form.get("redirect_uri"):
            raise OAuthError("redirect_uri_mismatch", "Bad Request")
        verifier = form.get("code_verifier", "")
        if code.challenge and not verifier:
            raise OAuthError("invalid_grant", "Missing code verifier.")
        if code.challenge and not verifier_matches(code, verifier):
            raise OAuthError("invalid_grant", "Invalid code verifier.")
        answer = self._access(code.grant)
        if code.offline:
            answer["refresh_token"] = self._store.issue_refresh_token(code.grant)
        return answer

    def _refresh(self, client_id: str, form: Mapping[str, str]) -> Answer:
        grant = self._store.refresh_grant(form.get("refresh_token", ""))
        if grant is None or grant.client_id != client_id:
            raise OAuthError("invalid_grant", "Token has been expired or revoked.")
        if wanted := form.get("scope", "").split():
            if not set(wanted) <= set(grant.scopes):
                raise OAuthError("invalid_scope", "Some requested scopes were not granted.")
            grant = Grant(grant.email, grant.client_id, tuple(wanted))
        return self._access(grant)

    def _exchange_assertion(self, origin: str, form: Mapping[str, str]) -> Answer:
        """A service account's signed request becomes an access token or, for a target, an OpenID token."""
        assertion = form.get("assertion", "")
        try:
            email, claims = self._identity().verify_claims(assertion, f"{origin}/token", _GOOGLES_OWN)
        except InvalidAssertionError:
            raise OAuthError("invalid_grant", "Invalid JWT Signature.") from None
        if audience := claims.get("target_audience"):
            return {"id_token": self._id_token(email, email, str(audience))}
        token, lifetime = self._store.issue_access_token(
            Grant(email, email, tuple(str(claims.get("scope", "")).split()))
        )
        return {"access_token": token, "expires_in": lifetime, "token_type": "Bearer"}

    def _access(self, grant: Grant) -> Answer:
        token, lifetime = self._store.issue_access_token(grant)
        answer: Answer = {
            "access_token": token,
            "expires_in": lifetime,
            "scope": " ".join(grant.scopes),
            "token_type": "Bearer",
        }
        account = self._store.account(grant.email)
        if "openid" in grant.scopes and account:
            answer["id_token"] = self._id_token(account.subject, grant.email, grant.client_id)
        return answer

    def _id_token(self, subject: str, email: str, audience: str) -> str:
        now = int(self._clock())
        claims = {"sub": subject, "aud": audience, "azp": audience, "email": email, "email_verified": True}
        return self._identity().sign({**claims, "iat": now, "exp": now + 3600})

    async def _revoke(self, request: web.Request) -> web.Response:
        token = request.query.get("token") or str((await request.post()).get("token", ""))
        grant = self._store.refresh_grant(token) or self._store.access_grant(token)
        if grant is None:
            return _refusal(OAuthError("invalid_token", "Token expired or revoked"))
        self._store.revoke(grant.email, grant.client_id)
        return web.json_response({})

    async def _userinfo(self, request: web.Request) -> web.Response:
        grant = self._store.access_grant(request.headers.get("Authorization", "").removeprefix("Bearer "))
        account = self._store.account(grant.email) if grant else None
        if grant is None or account is None:
            return _refusal(OAuthError("invalid_request", "Invalid Credentials", 401))
        info: Answer = {"sub": account.subject}
        if {"profile", "https://www.googleapis.com/auth/userinfo.profile"} & set(grant.scopes):
            info |= {"name": account.name, "given_name": account.name.partition(" ")[0]}
        if {"email", "https://www.googleapis.com/auth/userinfo.email"} & set(grant.scopes):
            info |= {"email": account.email, "email_verified": True}
        return web.json_response(info)


def _refusal(error: OAuthError) -> web.Response:
    return web.json_response({"error": error.error, "error_description": str(error)}, status=error.status)
