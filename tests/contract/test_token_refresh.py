"""A refresh token becomes an access token at a real token endpoint, or the reason why not."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from shared.errors import ConfigurationError, TrunklineError, UnavailableError
from shared.gateways.oauth import InvalidGrantError, OAuthGateway, OAuthProvider

pytestmark = pytest.mark.contract

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class TokenEndpoint:
    """Gives the planned answers in order, the last one for ever."""

    def __init__(self) -> None:
        self.forms: list[dict[str, Any]] = []
        self.answers: list[tuple[int, str]] = []
        self.pause_seconds = 0.0
        """Between the two pieces of an answer."""
        self.url = ""

    async def token(self, request: web.Request) -> web.StreamResponse:
        self.forms.append(dict(await request.post()))
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        answer = web.StreamResponse(status=status, headers={"Content-Type": "application/json"})
        await answer.prepare(request)
        for piece in (body[:20], body[20:]):
            await answer.write(piece.encode())
            await asyncio.sleep(self.pause_seconds)
        return answer

    def gateway(self) -> OAuthGateway:
        provider = OAuthProvider("google", self.url, "client", SecretStr("client-secret"))
        return OAuthGateway(provider, now=lambda: NOW)


@pytest.fixture
async def endpoint() -> AsyncGenerator[TokenEndpoint]:
    endpoint = TokenEndpoint()
    app = web.Application()
    app.add_routes([web.post("/token", endpoint.token)])
    async with TestServer(app) as server:
        endpoint.url = str(server.make_url("/token"))
        yield endpoint


GRANTED = (200, '{"access_token": "at", "expires_in": 3599, "scope": "s", "token_type": "Bearer"}')


async def test_a_token_comes_with_the_moment_it_expires(endpoint: TokenEndpoint) -> None:
    endpoint.answers = [GRANTED]

    token = await endpoint.gateway().refresh(SecretStr("rt"))

    assert (token.value.get_secret_value(), token.expires_at) == ("at", NOW + timedelta(seconds=3599))
    assert endpoint.forms == [
        {
            "grant_type": "refresh_token",
            "refresh_token": "rt",
            "client_id": "client",
            "client_secret": "client-secret",
        }
    ]


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_moment_of_trouble_goes_unnoticed(endpoint: TokenEndpoint, status: int) -> None:
    endpoint.answers = [(status, ""), GRANTED]

    assert (await endpoint.gateway().refresh(SecretStr("rt"))).value.get_secret_value() == "at"


@pytest.mark.parametrize(
    ("answer", "error", "attempts"),
    [
        ((400, '{"error": "invalid_grant", "error_description": "revoked"}'), InvalidGrantError, 1),
        ((401, '{"error": "invalid_client"}'), ConfigurationError, 1),
        ((400, '{"error": "invalid_request"}'), UnavailableError, 1),
        ((302, "elsewhere"), UnavailableError, 1),
        ((503, "busy"), UnavailableError, 2),
        ((200, '{"token": "secret-in-the-wrong-place"}'), UnavailableError, 1),
        ((200, "<html>"), UnavailableError, 1),
    ],
)
async def test_each_refusal_has_its_own_error_and_tells_no_secret(
    endpoint: TokenEndpoint, answer: tuple[int, str], error: type[TrunklineError], attempts: int
) -> None:
    endpoint.answers = [answer]

    with pytest.raises(error) as raised:
        await endpoint.gateway().refresh(SecretStr("rt"))

    assert len(endpoint.forms) == attempts
    for secret in ("client-secret", "secret-in-the-wrong-place"):
        assert secret not in str(raised.value)
        assert secret not in raised.value.sentence


async def test_an_answer_may_come_in_pieces(endpoint: TokenEndpoint) -> None:
    """What had come so far was taken for all of it, and a token that was there for none."""
    endpoint.answers = [GRANTED]
    endpoint.pause_seconds = 0.1

    token = await endpoint.gateway().refresh(SecretStr("rt"))

    assert token.value.get_secret_value() == "at"


async def test_an_answer_without_end_is_none(endpoint: TokenEndpoint) -> None:
    endpoint.answers = [(200, " " * 70_000 + GRANTED[1])]

    with pytest.raises(UnavailableError, match="more than 65536 bytes"):
        await endpoint.gateway().refresh(SecretStr("rt"))


async def test_an_endpoint_that_does_not_answer_in_time_is_unavailable(endpoint: TokenEndpoint) -> None:
    endpoint.answers = [GRANTED]
    provider = OAuthProvider("google", endpoint.url, "client", SecretStr("client-secret"))

    with pytest.raises(UnavailableError, match="Timeout"):
        await OAuthGateway(provider, attempt_timeout_seconds=0.0001).refresh(SecretStr("rt"))
