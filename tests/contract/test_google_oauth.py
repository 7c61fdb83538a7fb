"""Google's own OAuth libraries against the stand-in: authorization code with PKCE, refresh, revocation."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from google.api_core.client_options import ClientOptions
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.cloud import secretmanager_v1 as sm
from google.oauth2 import id_token, service_account
from google.oauth2.credentials import Credentials
from google_auth_oauthlib.flow import Flow
from oauthlib.oauth2.rfc6749.errors import OAuth2Error

from local.google.faults import Fault
from local.google.oauth_store import Client
from local.google.server import GoogleStandIn
from tests.contract.google_stand_in import PROJECT, acting_as, stand_in

pytestmark = pytest.mark.contract

CALLBACK = "http://127.0.0.1:9/callback"
CLIENT = Client("app", "app-secret", frozenset({CALLBACK}))
OWNED = "https://www.googleapis.com/auth/calendar.events.owned"
FREEBUSY = "https://www.googleapis.com/auth/calendar.freebusy"
SCOPES = ["openid", "https://www.googleapis.com/auth/userinfo.email", OWNED, FREEBUSY]
ALICE = "alice@example.com"


class App:
    """What an app does; every method blocks, as the libraries do."""

    def __init__(self, google: GoogleStandIn) -> None:
        self.url = google.url

    def control(self, verb: str, path: str, **body: Any) -> Any:
        answer = requests.request(verb, f"{self.url}/_local/{path}", json=body, timeout=5)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def flow(self, verifier: str | None = None) -> Flow:
        config = {
            "client_id": CLIENT.client_id,
            "client_secret": CLIENT.secret,
            "auth_uri": f"{self.url}/o/oauth2/v2/auth",
            "token_uri": f"{self.url}/token",
        }
        return Flow.from_client_config(
            {"web": config},
            scopes=SCOPES,
            redirect_uri=CALLBACK,
            code_verifier=verifier,
            autogenerate_code_verifier=verifier is None,
        )

    def start(self, **parameters: str) -> tuple[str, str]:
        """(address of the consent page, PKCE verifier)"""
        flow = self.flow()
        parameters = {"access_type": "offline", "prompt": "consent", **parameters}
        return flow.authorization_url(**parameters)[0], str(flow.code_verifier)

    def agree(self, **parameters: str) -> tuple[dict[str, str], str]:
        """(what the callback gets, PKCE verifier), with automatic consent."""
        url, verifier = self.start(local_auto_consent=ALICE, **parameters)
        return follow(requests.get(url, allow_redirects=False, timeout=5)), verifier

    def exchange(self, callback: dict[str, str], verifier: str) -> Credentials:
        flow = self.flow(verifier)
        flow.fetch_token(code=callback["code"])
        assert isinstance(flow.credentials, Credentials)
        return flow.credentials

    def connect(self, **parameters: str) -> Credentials:
        return self.exchange(*self.agree(**parameters))


def follow(answer: requests.Response) -> dict[str, str]:
    """The parameters with which the browser is sent back to the app."""
    assert answer.status_code == 302, answer.text
    assert answer.headers["Location"].startswith(CALLBACK)
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


@pytest.fixture
async def google(tmp_path: Path) -> AsyncIterator[GoogleStandIn]:
    async with stand_in(tmp_path, clients=[CLIENT]) as started:
        yield started


@pytest.fixture
async def app(google: GoogleStandIn, monkeypatch: pytest.MonkeyPatch) -> App:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("OAUTHLIB_RELAX_TOKEN_SCOPE", "1")
    app = App(google)
    await asyncio.to_thread(app.control, "POST", "accounts", email=ALICE, name="Alice Example")
    return app


async def on_thread(function: Callable[[], Any]) -> Any:
    """The libraries block, and the stand-in runs on this loop."""
    return await asyncio.to_thread(function)


async def test_a_code_becomes_tokens_that_say_who_consented(app: App, google: GoogleStandIn) -> None:
    def connect() -> tuple[Credentials, Any, Any]:
        credentials = app.connect()
        claims = id_token.verify_token(
            str(credentials.id_token), Request(), CLIENT.client_id, f"{app.url}/oauth2/v1/certs"
        )
        headers = {"Authorization": f"Bearer {credentials.token}"}
        info = requests.get(f"{app.url}/oauth2/v3/userinfo", headers=headers, timeout=5).json()
        return credentials, claims, info

    credentials, claims, info = await on_thread(connect)
    assert credentials.refresh_token
    assert set(credentials.granted_scopes or ()) == set(SCOPES)
    assert claims["email"] == info["email"] == ALICE
    assert claims["sub"] == info["sub"]


async def test_a_refresh_token_gives_new_access_tokens_until_it_is_revoked(app: App) -> None:
    def refresh_and_revoke() -> None:
        credentials = app.connect()
        first = credentials.token
        credentials.refresh(Request())
        assert credentials.token != first
        form = {"token": credentials.refresh_token}
        assert requests.post(f"{app.url}/revoke", data=form, timeout=5).status_code == 200
        with pytest.raises(RefreshError, match="invalid_grant"):
            credentials.refresh(Request())

    await on_thread(refresh_and_revoke)


async def test_a_refresh_token_survives_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    async with stand_in(tmp_path, clients=[CLIENT]) as google:
        app = App(google)
        await on_thread(lambda: app.control("POST", "accounts", email=ALICE))
        answer = await on_thread(
            lambda: app.control(
                "POST", "refresh-tokens", email=ALICE, scopes=[OWNED], client_id=CLIENT.client_id
            )
        )
    async with stand_in(tmp_path, clients=[CLIENT]) as google:
        credentials = Credentials(
            None,
            refresh_token=answer["refresh_token"],
            token_uri=f"{google.url}/token",
            client_id=CLIENT.client_id,
            client_secret=CLIENT.secret,
        )
        await on_thread(lambda: credentials.refresh(Request()))
        assert credentials.token


@pytest.mark.parametrize("verifier", ["w" * 43, ""], ids=["wrong", "missing"])
async def test_a_code_is_useless_without_its_verifier(app: App, verifier: str) -> None:
    def exchange() -> None:
        callback, _ = app.agree()
        with pytest.raises(OAuth2Error, match="code verifier"):
            app.exchange(callback, verifier)

    await on_thread(exchange)


async def test_a_code_works_once(app: App) -> None:
    def exchange_twice() -> None:
        callback, verifier = app.agree()
        app.exchange(callback, verifier)
        with pytest.raises(OAuth2Error, match="Malformed auth code"):
            app.exchange(callback, verifier)

    await on_thread(exchange_twice)


async def test_signing_in_again_brings_a_refresh_token_only_with_a_new_consent(app: App) -> None:
    def sign_in() -> list[bool]:
        variants = [{"prompt": "select_account"}, {"prompt": "select_account"}, {"prompt": "consent"}]
        tokens = [app.connect(**variant).refresh_token for variant in variants]
        return [bool(token) for token in [*tokens, app.connect(access_type="online").refresh_token]]

    assert await on_thread(sign_in) == [True, False, True, False]


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"client_id": "other"}, 401, "invalid_client"),
        ({"redirect_uri": "http://127.0.0.1:9/elsewhere"}, 400, "redirect_uri_mismatch"),
        ({"response_type": "token"}, 400, "unsupported_response_type"),
        ({"scope": ""}, 400, "invalid_request"),
    ],
)
async def test_a_wrong_request_is_shown_to_the_person_and_not_sent_to_the_app(
    app: App, change: dict[str, str], status: int, error: str
) -> None:
    url, _ = app.start()
    query = dict(parse_qsl(urlsplit(url).query)) | change
    base = url.partition("?")[0]
    answer = await on_thread(lambda: requests.get(base, params=query, allow_redirects=False, timeout=5))
    assert answer.status_code == status
    assert error in answer.text


async def test_a_wrong_client_secret_is_refused(app: App) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": "app", "client_secret": "no"}
    answer = await on_thread(lambda: requests.post(f"{app.url}/token", data=form, timeout=5))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


class _Form(HTMLParser):
    """The inputs and buttons of a page: (type, name, value, checked)."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.inputs: list[tuple[str, str, str, bool]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("input", "button"):
            kind = given.get("type") or tag
            name, value = given.get("name") or "", given.get("value") or ""
            self.inputs.append((kind, name, value, "checked" in given))


async def test_a_person_chooses_account_and_scopes_on_the_page(app: App) -> None:
    def click() -> tuple[_Form, dict[str, str], Credentials]:
        app.control("POST", "accounts", email="bob@example.com", name='Bob <"Bobby">')
        url, verifier = app.start(login_hint="bob@example.com")
        form = _Form(requests.get(url, timeout=5).text)
        decision = {"account": ALICE, "scope": OWNED, "decision": "allow"}
        callback = follow(requests.post(url, data=decision, allow_redirects=False, timeout=5))
        return form, callback, app.exchange(callback, verifier)

    form, callback, credentials = await on_thread(click)
    assert ("radio", "account", "bob@example.com", True) in form.inputs
    assert ("radio", "account", ALICE, False) in form.inputs
    assert [value for kind, _, value, _ in form.inputs if kind == "checkbox"] == [OWNED, FREEBUSY]
    # What was not ticked is not granted; signing in is not a question.
    assert callback["scope"].split() == [*SCOPES[:2], OWNED]
    assert set(credentials.granted_scopes or ()) == set(callback["scope"].split())


async def test_a_person_who_cancels_goes_back_with_access_denied(app: App) -> None:
    def cancel() -> tuple[str, dict[str, str]]:
        url, _ = app.start()
        form = {"account": ALICE, "scope": OWNED, "decision": "deny"}
        return url, follow(requests.post(url, data=form, allow_redirects=False, timeout=5))

    url, callback = await on_thread(cancel)
    assert callback["error"] == "access_denied"
    assert callback["state"] == dict(parse_qsl(urlsplit(url).query))["state"]


async def test_consent_can_be_automatic_partial_or_refused(app: App) -> None:
    def partial_then_refused() -> tuple[dict[str, str], dict[str, str], int]:
        url, _ = app.start()
        app.control("PUT", "consent", email=ALICE, scopes=[FREEBUSY])
        partial = follow(requests.get(url, allow_redirects=False, timeout=5))
        app.control("PUT", "consent", email=ALICE, deny=True)
        refused = follow(requests.get(url, allow_redirects=False, timeout=5))
        app.control("DELETE", "consent")
        return partial, refused, requests.get(url, allow_redirects=False, timeout=5).status_code

    partial, refused, page_status = await on_thread(partial_then_refused)
    assert partial["scope"].split() == [*SCOPES[:2], FREEBUSY]
    assert refused["error"] == "access_denied"
    assert page_status == 200


async def test_planned_faults_hit_the_next_requests_only(app: App, google: GoogleStandIn) -> None:
    google.faults.plan(Fault(path="/token", count=1, status=503))
    form = {"grant_type": "nonsense"}
    statuses = await on_thread(
        lambda: [requests.post(f"{app.url}/token", data=form, timeout=5).status_code for _ in range(2)]
    )
    assert statuses == [503, 400]


async def test_a_service_account_gets_an_access_token_that_the_apis_accept(
    google: GoogleStandIn, tmp_path: Path
) -> None:
    key_file = google.identity.account("owner").key_file
    credentials = service_account.Credentials.from_service_account_file(
        str(key_file), scopes=["https://www.googleapis.com/auth/cloud-platform"]
    )
    await on_thread(lambda: credentials.refresh(Request()))
    assert re.match(r"ya29\.", credentials.token)
    with acting_as("owner", google, tmp_path):
        client = sm.SecretManagerServiceAsyncClient(
            credentials=Credentials(credentials.token),
            client_options=ClientOptions(api_endpoint=f"localhost:{google.grpc_port}"),
        )
        assert [s async for s in await client.list_secrets(parent=f"projects/{PROJECT}")] == []
        await client.transport.close()
