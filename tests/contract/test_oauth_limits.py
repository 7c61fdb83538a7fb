"""How much and how often the connection function may be asked."""

from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.connect_stack import EDITOR, OWNER, Stack, running_stack

pytestmark = pytest.mark.contract

BURST = 10
"""That many at once are always let through."""


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncGenerator[Stack]:
    # One a minute: however slow the machine, nothing accrues while a test runs.
    async with running_stack(tmp_path, {"REQUESTS_PER_MINUTE": "1", "MAX_BODY_BYTES": "1024"}) as running:
        yield running


async def test_who_asks_too_often_is_told_when_to_come_back_and_others_are_served(stack: Stack) -> None:
    headers = {"Authorization": f"Bearer {stack.identity.token(EDITOR)}"}
    url = f"{stack.url}/api/v1/oauth/google/status"
    asked = {"tenant_id": "harbor", "agent_id": "front-desk", "tool": "google_calendar"}
    async with aiohttp.ClientSession() as http:
        for _ in range(BURST):
            async with http.get(url, params=asked, headers=headers) as answer:
                assert answer.status == 200
        async with http.get(url, params=asked, headers=headers) as answer:
            assert answer.status == 429
            assert answer.content_type == "application/problem+json"
            assert 1 <= int(answer.headers["Retry-After"]) <= 60
    async with stack.browser(OWNER) as owner:
        status, _ = await owner.api("GET", "status")
    assert status == 200


@pytest.mark.parametrize("path", ["/oauth/google/start", "/tasks/forget-secrets"])
async def test_who_does_not_prove_who_it_is_counts_for_its_address(stack: Stack, path: str) -> None:
    url = f"{stack.url}/api/v1{path}"
    async with aiohttp.ClientSession() as http:
        for _ in range(BURST):
            async with http.post(url, json={}, headers={"Authorization": "Bearer rubbish"}) as answer:
                assert answer.status == 401
        async with http.post(url, json={}) as answer:
            assert answer.status == 429
        # The front end writes the last one; what stands before it is made up.
        async with http.post(url, json={}, headers={"X-Forwarded-For": "127.0.0.1, 203.0.113.9"}) as answer:
            assert answer.status == 401


async def test_behind_a_load_balancer_the_sender_is_the_last_address_but_one(tmp_path: Path) -> None:
    """The last one is the load balancer's: counted for that, one stranger used everybody's requests up."""
    limits = {"REQUESTS_PER_MINUTE": "1", "PROXIES_IN_FRONT": "1"}
    async with running_stack(tmp_path, limits) as stack, aiohttp.ClientSession() as http:
        url = f"{stack.url}/api/v1/oauth/google/callback"

        async def come_back(sender: str, claimed: str = "") -> int:
            headers = {"X-Forwarded-For": f"{claimed}{sender}, 192.0.2.1"}
            async with http.get(url, headers=headers) as answer:
                return answer.status

        for number in range(BURST):
            assert await come_back("203.0.113.7", f"198.51.100.{number}, ") == 400
        assert await come_back("203.0.113.7", "198.51.100.99, ") == 429
        assert await come_back("203.0.113.9") == 400


async def test_coming_back_too_often_is_a_page_and_uses_nothing_up(stack: Stack) -> None:
    """A whole office comes from one address: waiting has to be enough."""
    async with stack.browser() as browser:
        back = await browser.agree(await browser.start())
        for _ in range(BURST):
            assert (await browser.visit(back.partition("?")[0]))[0] == 400
        status, page = await browser.visit(back)
        assert status == 429
        assert "Wait a moment" in page
        assert await stack.stored() == (None, [])
        async with browser.http.get(back, headers={"X-Forwarded-For": "203.0.113.9"}) as answer:
            assert answer.status == 200
    tool = await stack.tool()
    assert tool is not None
    assert tool.connection is not None


async def test_a_body_that_is_too_large_is_refused_however_it_comes(stack: Stack) -> None:
    large = b"x" * 2000

    async def in_chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(large), 100):
            yield large[start : start + 100]

    headers = {
        "Authorization": f"Bearer {stack.identity.token(EDITOR)}",
        "Origin": stack.settings.dashboard_origin,
    }
    async with aiohttp.ClientSession(headers=headers) as http:
        for data in (large, in_chunks()):
            async with http.post(f"{stack.url}/api/v1/oauth/google/start", data=data) as answer:
                assert answer.status == 413
                assert (await answer.json(content_type=None))["status"] == 413
                assert answer.headers["Access-Control-Allow-Origin"] == headers["Origin"]
