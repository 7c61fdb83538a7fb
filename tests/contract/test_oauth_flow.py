"""Connecting a tool, from the click to the last page, over HTTP with the real client libraries."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import pytest

from local.google.faults import Fault
from shared.errors import UnavailableError
from shared.models.agent_tool import REFRESH_TOKEN, ToolAddress
from shared.models.audit import Change
from shared.models.member import Role
from shared.services import auth_service
from shared.services.audit_service import AuditService
from shared.services.connection_credentials import ConnectionCredentials
from shared.services.connections import ConnectionRef, ConnectionService
from shared.tools.implementations.google_calendar import GoogleCalendarTool
from tests.connect_stack import (
    ACCOUNT,
    AGENT,
    CALENDAR,
    CRM,
    DASHBOARD,
    EDITOR,
    OWNER,
    TENANT,
    Browser,
    Stack,
    running_stack,
)

pytestmark = pytest.mark.contract

SUBJECT = f"agents/{AGENT}/tools/{CALENDAR}"


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncGenerator[Stack]:
    async with running_stack(tmp_path) as started:
        yield started


async def test_a_click_and_a_consent_connect_the_tool(stack: Stack) -> None:
    async with stack.browser() as browser:
        before = await browser.api("GET", "status")
        status, page = await browser.connect()
        _, shown = await browser.api("GET", "status")
    tool, readable = await stack.stored()

    assert before == (200, {"state": "never_connected"})
    assert status == 200
    assert f"connected to {ACCOUNT}" in page
    assert tool is not None
    assert list(tool.sensitive_config.values()) == readable
    assert (shown["state"], shown["account_email"]) == ("connected", ACCOUNT)
    assert shown["since"]
    requirement = GoogleCalendarTool.metadata.connection
    assert requirement is not None
    assert set(requirement.scopes) <= set(shown["scopes"])


async def test_what_was_connected_gives_access_tokens_that_the_provider_accepts(stack: Stack) -> None:
    async with stack.browser() as browser:
        await browser.connect()
    tool = await stack.tool()
    assert tool is not None
    current = ConnectionRef.of(ToolAddress(TENANT, AGENT, CALENDAR), tool)
    assert current is not None

    token = await stack.desk.reconciler._renewal.renew(current)

    headers = {"Authorization": f"Bearer {token.value.get_secret_value()}"}
    url = f"{stack.google.url}/calendar/v3/calendars/primary/events"
    async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as answer:
        assert answer.status == 200


async def test_fifty_tool_calls_at_once_on_an_expired_token_ask_the_provider_once(stack: Stack) -> None:
    async with stack.browser() as browser:
        await browser.connect()
    tool = await stack.tool()
    assert tool is not None
    ref = ConnectionRef.of(ToolAddress(TENANT, AGENT, CALENDAR), tool)
    assert ref is not None
    renewal = stack.desk.reconciler._renewal
    oauth = stack.google._oauth
    credentials = ConnectionCredentials(ConnectionService(stack.database), renewal)
    oauth.access_token_lifetime = 30  # less than the margin: used up as soon as it is there
    expired = await credentials.access_token(ref)
    oauth.access_token_lifetime = 3600
    # The second request to the token endpoint would fail, and with it some of the fifty.
    stack.google.faults.plan(Fault(path="/token", delay_seconds=0.2))
    stack.google.faults.plan(Fault(path="/token", count=9, status=400))

    tokens = await asyncio.gather(*(credentials.access_token(ref) for _ in range(50)))

    assert len(set(tokens)) == 1
    assert expired not in tokens


async def test_the_consent_page_is_asked_for_all_that_google_needs(stack: Stack) -> None:
    async with stack.browser() as browser:
        asked = parse_qs(urlsplit(await browser.start(account=ACCOUNT)).query)

    assert asked["access_type"] == ["offline"]
    assert set(asked["prompt"][0].split()) == {"consent", "select_account"}
    assert asked["include_granted_scopes"] == ["true"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["login_hint"] == [ACCOUNT]


async def test_the_last_page_needs_nobody_else_and_tells_only_the_dashboard(stack: Stack) -> None:
    async with stack.browser() as browser:
        back = await browser.agree(await browser.start())
        async with browser.http.get(back) as answer:
            page, headers = await answer.text(), answer.headers

    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert headers["Referrer-Policy"] == "no-referrer"
    assert f'data-origin="{DASHBOARD}"' in page
    assert f'<a href="{DASHBOARD}/connected/">' in page
    assert page.count("http") == 2, "nothing comes from elsewhere"


async def _tampered(stack: Stack, case: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """A consent that goes wrong as `case` says; the answer of the last page."""
    async with stack.browser() as browser, stack.browser(OWNER) as another:
        match case:
            case "denied":
                await stack.consent(deny=True)
                return await browser.connect()
            case "partial scopes":
                await stack.consent(scopes=["https://www.googleapis.com/auth/calendar.freebusy"])
                return await browser.connect()
            case "wrong account":
                await stack.consent("boss@harbor.example")
                return await browser.connect(account=ACCOUNT)
            case "state unknown":
                return await browser.visit(f"{stack.url}/api/v1/oauth/google/callback?state=x&code=y")
            case "rubbish":
                return await browser.visit(f"{stack.url}/api/v1/oauth/google/callback?state={'x' * 5000}")
            case "no state":
                return await browser.visit(f"{stack.url}/api/v1/oauth/google/callback")
            case "another user's":
                return await another.visit(await browser.agree(await browser.start()))
            case "no longer allowed":
                back = await browser.agree(await browser.start())
                await stack.add_member(EDITOR, Role.VIEWER)
                return await browser.visit(back)
            case "agent deleted":
                back = await browser.agree(await browser.start())
                await stack.database.remove(f"tenants/{TENANT}/agents/{AGENT}", lambda _: [])
                return await browser.visit(back)
            case "code made up":
                back = await browser.agree(await browser.start())
                query = parse_qs(urlsplit(back).query) | {"code": ["made-up"]}
                return await browser.visit(f"{back.partition('?')[0]}?{urlencode(query, doseq=True)}")
            case "code used":
                back = await browser.agree(await browser.start())
                code = parse_qs(urlsplit(back).query)["code"][0]
                stack.google._oauth.redeem_code(code)
                return await browser.visit(back)
            case "provider fails":
                stack.google.faults.plan(Fault(path="/token", count=9, status=503))
                return await browser.connect()
            case "provider slow":
                monkeypatch.setattr("shared.gateways.google_consent.EXCHANGE_TIMEOUT_SECONDS", 0.5)
                stack.google.faults.plan(Fault(path="/token", delay_seconds=5, status=500))
                return await browser.connect()
            case "another provider's":
                back = await browser.agree(await browser.start())
                return await browser.visit(back.replace("/google/", "/crm/"))
            case _:
                raise AssertionError(case)


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ("denied", "Access was not allowed"),
        ("partial scopes", "Not everything that the tool needs was allowed"),
        ("wrong account", f"choose {ACCOUNT}"),
        ("state unknown", "does not belong to any connection"),
        ("rubbish", "does not belong to any connection"),
        ("no state", "does not belong to any connection"),
        ("another user&#x27;s", "started in another browser"),
        ("no longer allowed", "You may no longer change this agent"),
        ("agent deleted", "The agent does not exist any more, so nothing was connected"),
        ("code made up", "did not accept its own answer"),
        ("code used", "did not accept its own answer"),
        ("provider fails", "does not answer as it should"),
        ("provider slow", "does not answer as it should"),
        ("another provider&#x27;s", "does not belong to any connection"),
    ],
)
async def test_a_consent_that_goes_wrong_says_so_and_changes_nothing(
    stack: Stack, case: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await stack.stored()

    status, page = await _tampered(stack, case.replace("&#x27;", "'"), monkeypatch)

    assert status == 400
    assert says in page
    assert "Not connected" in page
    assert await stack.stored() == before


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ("allowed", "Das Werkzeug ist mit frontdesk@harbor.example verbunden."),
        ("denied", "Der Zugriff wurde nicht erlaubt, also wurde nichts verbunden."),
        ("wrong account", "Verbinden Sie erneut und wählen Sie frontdesk@harbor.example."),
        ("another user's", "Die Verbindung wurde in einem anderen Browser begonnen"),
        ("another address", "Diese Seite gehört zu keiner Verbindung, die hier begonnen wurde."),
    ],
)
async def test_the_last_page_speaks_the_language_that_the_dashboard_has(
    stack: Stack, case: str, says: str
) -> None:
    """It was English, whatever the dashboard spoke; the state says it, so that no failure loses it."""
    await stack.consent("boss@harbor.example" if case == "wrong account" else ACCOUNT, deny=case == "denied")
    async with stack.browser() as browser, stack.browser(OWNER) as another:
        back = await browser.agree(await browser.start(language="de", account=ACCOUNT))
        if case == "another address":
            back = back.replace("/google/", "/crm/")
        _, page = await (another if case == "another user's" else browser).visit(back)

    assert '<html lang="de">' in page
    assert says in page
    assert "Zurück zum Dashboard" in page


async def test_a_page_that_nobody_came_from_speaks_the_browsers_language(stack: Stack) -> None:
    url = f"{stack.url}/api/v1/oauth/google/callback?state=x&code=y"
    wishes = {"Accept-Language": "fr, de-AT;q=0.8, en;q=0.5"}
    async with aiohttp.ClientSession(headers=wishes) as http, http.get(url) as answer:
        page = await answer.text()

    assert '<html lang="de">' in page
    assert "<h1>Nicht verbunden</h1>" in page


def consents_under_way(browser: Browser) -> int:
    """By the cookies that the browser would send."""
    return sum(cookie.key.startswith("trunkline_consent_") for cookie in browser.http.cookie_jar)


async def test_two_tabs_do_not_disturb_each_other_and_each_takes_its_cookie_along(stack: Stack) -> None:
    async with stack.browser() as browser:
        first = await browser.agree(await browser.start())
        second = await browser.agree(await browser.start(provider="crm"))
        under_way = [consents_under_way(browser)]
        statuses: list[int] = []
        for back in (first, second):
            statuses.append((await browser.visit(back))[0])
            under_way.append(consents_under_way(browser))

    assert statuses == [200, 200]
    assert under_way == [2, 1, 0]


async def test_a_page_that_is_loaded_again_connects_nothing_twice(stack: Stack) -> None:
    async with stack.browser() as browser:
        back = await browser.agree(await browser.start())
        cookies = {cookie.key: cookie.value for cookie in browser.http.cookie_jar}
        await browser.visit(back)
        once = await stack.stored()
        browser.http.cookie_jar.update_cookies(cookies)
        status, page = await browser.visit(back)

    assert (status, "was used before" in page) == (400, True)
    assert await stack.stored() == once


async def test_ten_minutes_are_enough_and_eleven_are_too_many(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth_service, "STATE_VALID", auth_service.STATE_VALID * 0)
    async with stack.browser() as browser:
        status, page = await browser.connect()

    assert (status, "more than ten minutes" in page) == (400, True)
    assert await stack.stored() == (None, [])


async def test_a_person_who_said_no_may_go_back_and_say_yes(stack: Stack) -> None:
    await stack.consent(deny=True)
    async with stack.browser() as browser:
        consent_page = await browser.start()
        await browser.visit(await browser.agree(consent_page))
        await stack.consent()
        status, _ = await browser.visit(await browser.agree(consent_page))

    assert status == 200


async def test_connecting_again_replaces_the_token_and_destroys_the_former(stack: Stack) -> None:
    async with stack.browser() as browser:
        await browser.connect()
        first, _ = await stack.stored()
        await browser.connect()
    second, readable = await stack.stored()

    assert first is not None
    assert second is not None
    assert second.sensitive_config != first.sensitive_config
    assert list(second.sensitive_config.values()) == readable


async def test_a_token_stays_when_nobody_can_say_whether_its_document_was_written(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Firestore may have done it without saying so: the document would name a token that was destroyed."""
    connect = ConnectionService.connect

    async def and_fall_silent(*given: Any) -> None:
        await connect(*given)
        raise UnavailableError("Firestore: commit: TimeoutError")

    monkeypatch.setattr(ConnectionService, "connect", and_fall_silent)
    async with stack.browser() as browser:
        status, _ = await browser.connect()
    tool, readable = await stack.stored()

    assert status == 400
    assert tool is not None
    assert [tool.sensitive_config[REFRESH_TOKEN]] == readable


async def test_of_two_who_connect_at_once_the_later_consent_holds_whole(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    meet = stack.google.faults.meet

    async def hold_the_first_exchange(path: str) -> int | None:
        if path.startswith("/token") and not begun.is_set():
            begun.set()
            await go_on.wait()
        return await meet(path)

    async with stack.browser(EDITOR) as slow, stack.browser(OWNER) as fast:
        slow_back = await slow.agree(await slow.start())
        await stack.consent("boss@harbor.example")
        fast_back = await fast.agree(await fast.start())
        monkeypatch.setattr(stack.google.faults, "meet", hold_the_first_exchange)
        earlier = asyncio.create_task(slow.visit(slow_back))
        await asyncio.wait_for(begun.wait(), 10)
        later, _ = await fast.visit(fast_back)
        go_on.set()
        status, page = await earlier
    tool, readable = await stack.stored()

    assert later == 200
    assert (status, "Somebody else connected this tool" in page) == (400, True)
    assert tool is not None
    assert tool.connection is not None
    assert tool.connection.account_email == "boss@harbor.example"
    assert [tool.sensitive_config[REFRESH_TOKEN]] == readable


async def test_who_connected_and_disconnected_which_account_is_in_the_audit_log(stack: Stack) -> None:
    async with stack.browser(EDITOR) as editor, stack.browser(OWNER) as owner:
        await editor.connect()
        await stack.consent("boss@harbor.example")
        await owner.connect()
        await owner.api("POST", "disconnect")
        await owner.api("POST", "disconnect")
    entries = await AuditService(stack.database).list_entries(TENANT, 10, None)

    assert [
        (entry.actor.name, entry.action.value, entry.subject, entry.changes["account"])
        for _, entry in reversed(entries.items)
    ] == [
        (EDITOR, "tool.connected", SUBJECT, Change(before=None, after=ACCOUNT)),
        (OWNER, "tool.connected", SUBJECT, Change(before=ACCOUNT, after="boss@harbor.example")),
        (OWNER, "tool.disconnected", SUBJECT, Change(before="boss@harbor.example", after=None)),
    ]


async def test_a_generic_provider_is_connected_by_the_same_code(stack: Stack) -> None:
    async with stack.browser() as browser:
        status, page = await browser.connect(provider="crm")
        _, shown = await browser.api("GET", "status", provider="crm")
        answer = await browser.api("POST", "disconnect", provider="crm")

    assert (status, "connected to ops@harbor.example" in page) == (200, True)
    assert shown["provider"] == "crm"
    assert answer[1]["revoked"] is True
    assert stack.crm.tokens == {}


async def test_rotation_through_secret_manager_keeps_the_connection(stack: Stack) -> None:
    ref = await stack.connected_crm()
    renewal = stack.desk.reconciler._renewal

    await renewal.renew(ref)
    await renewal.renew(ref)

    tool = await stack.tool(CRM)
    assert tool is not None
    assert tool.sensitive_config[REFRESH_TOKEN].endswith("/versions/3")
    assert len(stack.crm.tokens) == 1
