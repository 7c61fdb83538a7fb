"""The OAuth endpoint that people see: choose an account, tick what to allow, and go back to the app."""

from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit, urlunsplit

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from local.google.consent_page import consent_page, error_page
from local.google.oauth_store import Grant, OAuthStore

PATHS = ("/o/oauth2/v2/auth", "/o/oauth2/auth")
AUTO_CONSENT_PARAMETER = "local_auto_consent"
"""Added to the address by a test: the account that agrees to everything without a page."""

SIGN_IN_SCOPES = frozenset(
    {
        "openid",
        "email",
        "profile",
        "https://www.googleapis.com/auth/userinfo.email",
        "https://www.googleapis.com/auth/userinfo.profile",
    }
)
"""Granted by signing in; there is no box to tick for them."""


class AutoConsent(BaseModel):
    """What happens instead of a page, until it is taken back."""

    model_config = ConfigDict(extra="forbid")

    email: str
    scopes: list[str] | None = None
    """Allowed of those that are asked for. None: all."""
    deny: bool = False


@dataclass(frozen=True)
class AuthorizationRequest:
    client_id: str
    app: str
    """The client's name."""
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None
    challenge: str | None
    challenge_method: str
    offline: bool
    prompts: frozenset[str]
    include_granted_scopes: bool


class InvalidRequestError(Exception):
    """Shown to the person: the app must not be called back, since it is not known to be the right one."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.error = error


class ConsentEndpoint:
    def __init__(self, store: OAuthStore) -> None:
        self._store = store
        self.auto_consent: AutoConsent | None = None

    def routes(self) -> list[web.RouteDef]:
        return [route for path in PATHS for route in (web.get(path, self._ask), web.post(path, self._decide))]

    async def _ask(self, request: web.Request) -> web.Response:
        try:
            asked = self._parse(request)
        except InvalidRequestError as error:
            return error_page(error.status, error.error, str(error))
        auto = self.auto_consent
        if email := request.query.get(AUTO_CONSENT_PARAMETER):
            auto = AutoConsent(email=email)
        if auto is not None:
            return self._answer(asked, auto.email, auto.scopes, deny=auto.deny)
        if "none" in asked.prompts:
            return _back(asked, error="interaction_required")
        accounts = self._store.accounts()
        choosable = [scope for scope in asked.scopes if scope not in SIGN_IN_SCOPES]
        return consent_page(
            app=asked.app,
            host=urlsplit(asked.redirect_uri).netloc,
            accounts=accounts,
            chosen=request.query.get("login_hint"),
            scopes=choosable,
        )

    async def _decide(self, request: web.Request) -> web.Response:
        """The page's form comes back to its own address, so the query still says what was asked for."""
        try:
            asked = self._parse(request)
        except InvalidRequestError as error:
            return error_page(error.status, error.error, str(error))
        form = await request.post()
        return self._answer(
            asked,
            str(form.get("account", "")),
            [str(scope) for scope in form.getall("scope", [])],
            deny=form.get("decision") != "allow",
        )

    def _parse(self, request: web.Request) -> AuthorizationRequest:
        query = request.query
        client = self._store.clients.get(query.get("client_id", ""))
        if client is None:
            raise InvalidRequestError(401, "invalid_client", "The OAuth client was not found.")
        redirect_uri = query.get("redirect_uri", "")
        if redirect_uri not in client.redirect_uris:
            raise InvalidRequestError(
                400,
                "redirect_uri_mismatch",
                f"{redirect_uri or 'No address'} is not registered for this app.",
            )
        if query.get("response_type") != "code":
            raise InvalidRequestError(400, "unsupported_response_type", "Only response_type=code is served.")
        if not query.get("scope", "").split():
            raise InvalidRequestError(400, "invalid_request", "Missing required parameter: scope")
        method = query.get("code_challenge_method", "plain")
        if method not in ("plain", "S256"):
            raise InvalidRequestError(400, "invalid_request", f"Invalid code_challenge_method: {method}")
        return AuthorizationRequest(
            client_id=client.client_id,
            app=client.name,
            redirect_uri=redirect_uri,
            scopes=tuple(dict.fromkeys(query["scope"].split())),
            state=query.get("state"),
            challenge=query.get("code_challenge"),
            challenge_method=method,
            offline=query.get("access_type") == "offline",
            prompts=frozenset(query.get("prompt", "").split()),
            include_granted_scopes=query.get("include_granted_scopes") == "true",
        )

    def _answer(
        self, asked: AuthorizationRequest, email: str, allowed: list[str] | None, *, deny: bool
    ) -> web.Response:
        if deny or self._store.account(email) is None:
            return _back(asked, error="access_denied")
        before = self._store.consent(email, asked.client_id)
        scopes = [s for s in asked.scopes if allowed is None or s in allowed or s in SIGN_IN_SCOPES]
        if not scopes:
            return _back(asked, error="access_denied")
        if asked.include_granted_scopes:
            scopes += sorted(before - set(scopes))
        grant = Grant(email, asked.client_id, tuple(scopes))
        self._store.record_consent(grant)
        # Google hands out a refresh token only when the person really consented, not just signed in again.
        consented = not before or "consent" in asked.prompts
        code = self._store.issue_code(
            grant,
            asked.redirect_uri,
            asked.challenge,
            asked.challenge_method,
            offline=asked.offline and consented,
        )
        return _back(asked, code=code, scope=" ".join(scopes))


def _back(asked: AuthorizationRequest, **parameters: str) -> web.Response:
    """Send the browser to the app."""
    if asked.state is not None:
        parameters = {"state": asked.state, **parameters}
    scheme, host, path, query, _ = urlsplit(asked.redirect_uri)
    query = "&".join(filter(None, (query, urlencode(parameters))))
    return web.Response(status=302, headers={"Location": urlunsplit((scheme, host, path, query, ""))})
