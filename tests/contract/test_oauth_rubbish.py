"""Whatever a provider's token endpoint answers, what reaches us is one of three typed errors.

An answer is a stranger's: it may be no JSON, JSON of another shape, or hold what is no date and no header.
"""

import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from shared.errors import ConfigurationError, UnavailableError
from shared.gateways.google_consent import GoogleConsentGateway
from shared.gateways.oauth import ConsentRequest, InvalidGrantError, OAuthGateway, OAuthProvider

pytestmark = pytest.mark.contract

GOOD: dict[str, Any] = {"access_token": "a", "refresh_token": "r", "expires_in": 60, "token_type": "Bearer"}
RUBBISH: dict[str, tuple[int, Any]] = {
    "empty": (200, b""),
    "no JSON": (200, b"<html>"),
    "no text": (200, b"\xff\xfe"),
    "a list": (200, []),
    "a number": (200, 5),
    "null": (200, None),
    "deep": (200, b"[" * 60_000),
    "nothing in it": (200, {}),
    "a token that is a number": (200, GOOD | {"access_token": 5}),
    "a token that is a list": (200, GOOD | {"access_token": ["a"]}),
    "a token that breaks headers": (200, GOOD | {"access_token": "a\r\nX: y"}),
    "a refresh token that is a number": (200, GOOD | {"refresh_token": 5}),
    "it expires at no time": (200, GOOD | {"expires_in": "soon"}),
    "it expires after all times": (200, GOOD | {"expires_in": 10**18}),
    "it expired before all times": (200, GOOD | {"expires_in": -(10**18)}),
    "scope is a number": (200, GOOD | {"scope": 5}),
    "id_token is no token": (200, GOOD | {"id_token": "x.y.z"}),
    "id_token is a number": (200, GOOD | {"id_token": 7}),
    "a refusal that is no JSON": (400, b"no"),
    "a refusal that is a list": (400, ["invalid_grant"]),
    "a refusal with a number": (400, {"error": 5}),
    "a redirect": (302, b""),
    "a teapot": (418, {"error": "x" * 5000}),
}
EXPECTED = (UnavailableError, ConfigurationError, InvalidGrantError)


@pytest.fixture
async def provider() -> AsyncGenerator[tuple[OAuthProvider, dict[str, Any]]]:
    answer: dict[str, Any] = {}

    async def token(_: web.Request) -> web.Response:
        body = answer["body"]
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return web.Response(
            status=answer["status"],
            body=content,
            headers={"Content-Type": "application/json", "Location": "http://169.254.169.254/"},
        )

    app = web.Application()
    app.add_routes([web.post("/token", token), web.post("/revoke", token), web.get("/userinfo", token)])
    async with TestServer(app) as server:
        rubbish = OAuthProvider(
            name="rubbish",
            token_uri=str(server.make_url("/token")),
            client_id="c",
            client_secret=SecretStr("s"),
            authorization_uri=str(server.make_url("/authorize")),
            revocation_uri=str(server.make_url("/revoke")),
            userinfo_uri=str(server.make_url("/userinfo")),
        )
        yield rubbish, answer


@pytest.mark.parametrize("gateway", [OAuthGateway, GoogleConsentGateway])
@pytest.mark.parametrize("case", RUBBISH)
async def test_what_makes_no_sense_is_a_typed_error_or_a_whole_grant(
    provider: tuple[OAuthProvider, dict[str, Any]],
    gateway: type[OAuthGateway],
    case: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    made, answer = provider
    answer["status"], answer["body"] = RUBBISH[case]
    request = ConsentRequest("https://x.example/callback", ["s"], "state", SecretStr("v" * 43))
    asked = gateway(made)
    for ask in (lambda: asked.exchange("code", request), lambda: asked.refresh(SecretStr("r"))):
        try:
            result = await ask()
        except EXPECTED:
            continue
        assert case.startswith("id_token"), (case, result)  # only one of the two reads it
    try:
        await asked.revoke(SecretStr("r"))
    except EXPECTED:
        pass
    else:
        assert answer["status"] == 200, case


@pytest.mark.parametrize("gateway", [OAuthGateway, GoogleConsentGateway])
@pytest.mark.parametrize("status", [302, 307])
async def test_a_code_and_the_clients_secret_do_not_follow_a_redirect(
    gateway: type[OAuthGateway], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    followed: list[str] = []

    async def away(_: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    async def elsewhere(request: web.Request) -> web.Response:
        followed.append(await request.text())
        return web.json_response(GOOD)

    app = web.Application()
    app.add_routes([web.post("/token", away), web.route("*", "/elsewhere", elsewhere)])
    async with TestServer(app) as server:
        made = OAuthProvider(
            name="moved",
            token_uri=str(server.make_url("/token")),
            client_id="c",
            client_secret=SecretStr("s"),
        )
        request = ConsentRequest("https://x.example/callback", ["s"], "state", SecretStr("v" * 43))
        with pytest.raises(UnavailableError):
            await gateway(made).exchange("code", request)
    assert followed == []
