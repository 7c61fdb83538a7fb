"""Who may ask the connection function for what, and how a request is refused."""

from collections.abc import AsyncGenerator
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.connect_stack import (
    AGENT,
    CALENDAR,
    CRM,
    DASHBOARD,
    EDITOR,
    OWNER,
    STRANGER,
    TENANT,
    VIEWER,
    Stack,
    running_stack,
)

pytestmark = pytest.mark.contract


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncGenerator[Stack]:
    async with running_stack(tmp_path) as started:
        yield started


@pytest.mark.parametrize(
    ("who", "start", "status"),
    [(OWNER, 200, 200), (EDITOR, 200, 200), (VIEWER, 403, 200), (STRANGER, 403, 403)],
)
async def test_who_may_connect_and_who_may_look(stack: Stack, who: str, start: int, status: int) -> None:
    async with stack.browser(who) as browser:
        assert (await browser.api("POST", "start"))[0] == start
        assert (await browser.api("POST", "disconnect"))[0] == {200: 404}.get(start, start)
        assert (await browser.api("GET", "status"))[0] == status


@pytest.mark.parametrize("flaw", ["expired", "audience", "issuer", "garbage", "unsigned"])
async def test_a_token_that_is_not_right_signs_nobody_in(stack: Stack, flaw: str) -> None:
    identity = stack.identity
    tokens = {
        "expired": identity.token(EDITOR, expires_in=-120),
        "audience": identity.token(EDITOR, audience="elsewhere"),
        "issuer": identity.token(EDITOR, claims={"iss": "https://evil.example"}),
        "garbage": "x.y.z",
        "unsigned": identity.token(EDITOR)[:-8] + "AAAAAAAA",
    }
    async with stack.browser() as browser:
        status, problem = await browser.api("POST", "start", token=tokens[flaw])

    assert (status, problem["detail"]) == (401, "Please sign in.")


async def test_a_clock_that_is_half_a_minute_off_is_no_reason_to_refuse(stack: Stack) -> None:
    async with stack.browser() as browser:
        status, _ = await browser.api("GET", "status", token=stack.identity.token(EDITOR, expires_in=-30))

    assert status == 200


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"tool": "end_call"}, 404, "another_provider"),
        ({"tool": "no_such_tool"}, 404, "no_such_tool"),
        ({"agent_id": "nobody"}, 404, "no_such_agent"),
        ({"tenant_id": "no-such-tenant"}, 403, "forbidden"),
        ({"tenant_id": "harbor/agents/x"}, 422, "invalid_fields"),
        ({"more": 1}, 422, "invalid_fields"),
        ({"account": "not an address"}, 422, "invalid_fields"),
    ],
)
async def test_a_request_with_a_mistake_is_told_which(
    stack: Stack, body: dict[str, Any], status: int, code: str
) -> None:
    async with stack.browser() as browser:
        answer, problem = await browser.api("POST", "start", **body)

    assert answer == status
    assert (problem["status"], problem["code"]) == (status, code)
    assert [error["field"] for error in problem["errors"]] == (list(body) if status == 422 else [])


async def test_every_refusal_is_a_problem_with_a_code(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("secret internals")

    oauth = f"{stack.url}/api/v1/oauth/google"
    token = {"Authorization": f"Bearer {stack.identity.token(EDITOR)}", "Origin": DASHBOARD}
    tool = {"tenant_id": "harbor", "agent_id": "front-desk", "tool": "google_calendar"}
    monkeypatch.setattr(stack.desk.auth, "status", broken)
    codes: list[str] = []
    async with aiohttp.ClientSession(headers=token) as http:
        for answering in (
            http.post(f"{oauth}/start", json=tool, headers={"Authorization": "Bearer rubbish"}),
            http.post(f"{oauth}/start", data=b"{"),
            http.post(f"{oauth}/disconnect", json=tool),
            http.get(f"{oauth}/start"),
            http.get(f"{oauth}/nothing"),
            http.get(f"{oauth}/status", params=tool),
        ):
            async with answering as answer:
                assert answer.content_type == "application/problem+json"
                assert answer.headers["Cache-Control"] == "no-store"
                assert answer.headers["Access-Control-Allow-Origin"] == DASHBOARD
                problem = await answer.json(content_type=None)
                assert problem["status"] == answer.status
                assert "internals" not in problem["detail"]
                codes.append(problem["code"])
    assert codes == [
        *("unauthenticated", "invalid_fields", "not_connected", "method_not_allowed", "not_found", "internal")
    ]


async def test_only_the_dashboard_may_ask_from_a_page(stack: Stack) -> None:
    url = f"{stack.url}/api/v1/oauth/google/start"
    allowed = []
    async with aiohttp.ClientSession() as http:
        for origin in (DASHBOARD, "https://evil.example"):
            asked = {
                "Origin": origin,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization",
            }
            async with http.options(url, headers=asked) as answer:
                allowed.append(answer.headers.get("Access-Control-Allow-Origin"))

    assert allowed == [DASHBOARD, None]


async def test_the_reconciler_takes_orders_from_the_scheduler_alone(stack: Stack) -> None:
    url = f"{stack.url}/api/v1/tasks/reconcile-secrets"
    token = stack.scheduler_token()
    async with aiohttp.ClientSession() as http:
        statuses = []
        for headers in ({}, {"Authorization": f"Bearer {stack.identity.token(OWNER)}"}):
            async with http.post(url, json={}, headers=headers) as answer:
                statuses.append(answer.status)
        async with http.post(url, json={}, headers={"Authorization": f"Bearer {token}"}) as answer:
            body = await answer.json()

    assert statuses == [401, 401]
    assert body == {"applied": False, "found": []}


async def test_the_cookie_is_sent_along_from_the_dashboards_origin_over_https_and_no_script_reads_it(
    tmp_path: Path,
) -> None:
    """Tests and laptops have plain HTTP, where it is another one."""
    async with running_stack(tmp_path, {"PUBLIC_URL": "https://api.harbor.example"}) as deployed:
        headers = {"Authorization": f"Bearer {deployed.identity.token(EDITOR)}", "Origin": DASHBOARD}
        body = {"tenant_id": TENANT, "agent_id": AGENT, "tool": CALENDAR}
        async with (
            aiohttp.ClientSession(headers=headers) as http,
            http.post(f"{deployed.url}/api/v1/oauth/google/start", json=body) as answer,
        ):
            assert answer.status == 200
            (cookie,) = SimpleCookie(answer.headers["Set-Cookie"]).values()
    assert cookie["samesite"].lower() == "none"
    assert cookie["secure"]
    assert cookie["httponly"]
    assert (cookie["path"], cookie["domain"]) == ("/api/v1/oauth", "")
    assert cookie["max-age"] == "600"


async def test_one_provider_says_and_ends_nothing_of_anothers_connection(stack: Stack) -> None:
    async with stack.browser() as browser:
        await browser.connect(provider="crm")
        status, problem = await browser.api("POST", "disconnect", tool=CRM)
        shown = await browser.api("GET", "status", tool=CRM)
        of_its_own = await browser.api("GET", "status", provider="crm")

    assert (status, problem["code"]) == (404, "not_connected")
    assert shown == (200, {"state": "never_connected"})
    assert of_its_own[1]["state"] == "connected"
    assert "consent_id" not in of_its_own[1]
