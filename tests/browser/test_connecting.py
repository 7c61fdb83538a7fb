"""Connecting an account in a real browser: what the last page tells, whom, and when it closes.

The opener is a page that asks and listens as the dashboard does; the consent page is the stand-in's own.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import BrowserContext, Page, async_playwright, expect

from shared.models.agent_tool import ConnectionState
from tests.browser.chromium import build_test, launch
from tests.connect_stack import ACCOUNT, AGENT, CALENDAR, EDITOR, TENANT, Stack, running_stack

pytestmark = build_test

OPENER = """<!doctype html><title>Opener</title><button>Connect</button><script>
const heard = window.heard = [];
addEventListener("message", (event) => heard.push({ origin: event.origin, ...event.data }));
document.querySelector("button").onclick = async () => {
  const popup = window.popup = open("", "connect");
  const answer = await fetch(window.start.url, {
    method: "POST", credentials: "include",
    headers: { authorization: `Bearer ${window.start.token}`, "content-type": "application/json" },
    body: JSON.stringify(window.start.body),
  });
  popup.location = (await answer.json()).authorization_url;
};
</script>"""


@asynccontextmanager
async def page_server() -> AsyncGenerator[int]:
    async def page(_: web.Request) -> web.Response:
        return web.Response(text=OPENER, content_type="text/html")

    app = web.Application()
    app.add_routes([web.get("/", page)])
    async with TestServer(app) as server:
        assert server.port is not None
        yield server.port


class Dashboard:
    """A window of somebody who is signed in."""

    def __init__(self, stack: Stack, context: BrowserContext, page: Page) -> None:
        self.stack = stack
        self.context = context
        self.page = page

    async def connect(self, **more: Any) -> Page:
        """The popup, at the provider's page."""
        body = {"tenant_id": TENANT, "agent_id": AGENT, "tool": CALENDAR, **more}
        url = f"{self.stack.url}/api/v1/oauth/google/start"
        token = self.stack.identity.token(EDITOR)
        start = {"url": url, "token": token, "body": body}
        await self.page.evaluate("(start) => { window.start = start }", start)
        async with self.page.expect_popup() as popup:
            await self.page.get_by_role("button", name="Connect").click()
        consent = await popup.value
        await expect(consent.get_by_role("heading", name="wants access")).to_be_visible()
        return consent

    async def heard(self) -> list[dict[str, Any]]:
        return await self.page.evaluate("window.heard")

    async def hears(self) -> dict[str, Any]:
        await self.page.wait_for_function("window.heard.length > 0")
        (message,) = await self.heard()
        assert message.pop("origin") == self.stack.url
        assert message.pop("type") == "trunkline.connection"
        return message


@pytest.fixture
async def dashboard(tmp_path: Path) -> AsyncGenerator[Dashboard]:
    async with page_server() as port, async_playwright() as playwright:
        origin = f"http://127.0.0.1:{port}"
        async with running_stack(tmp_path, {"DASHBOARD_ORIGIN": origin}) as stack:
            await stack.control("DELETE", "consent")  # the page is shown
            browser = await launch(playwright)
            context = await browser.new_context()
            page = await context.new_page()
            await page.goto(origin)
            yield Dashboard(stack, context, page)
            await browser.close()


async def allow(consent: Page, account: str = ACCOUNT) -> None:
    await consent.get_by_role("radio", name=account).check()
    await consent.get_by_role("button", name="Continue").click()


async def test_who_allows_it_is_back_at_the_dashboard_which_knows(dashboard: Dashboard) -> None:
    consent = await dashboard.connect()
    async with consent.expect_event("close"):
        await allow(consent)

    assert await dashboard.hears() == {
        "status": "connected",
        "agent_id": AGENT,
        "tool": CALENDAR,
        "account_email": ACCOUNT,
    }
    tool = await dashboard.stack.tool()
    assert tool is not None
    assert tool.connection is not None
    assert tool.connection.state is ConnectionState.CONNECTED


@pytest.mark.parametrize("case", ["denied", "partial", "wrong_account"])
async def test_who_does_not_sees_why_on_a_page_that_stays(dashboard: Dashboard, case: str) -> None:
    consent = await dashboard.connect(account=ACCOUNT if case == "wrong_account" else None)
    match case:
        case "denied":
            await consent.get_by_role("button", name="Cancel").click()
        case "partial":
            await consent.get_by_role("checkbox").first.uncheck()
            await allow(consent)
        case _:
            await allow(consent, "boss@harbor.example")

    message = await dashboard.hears()
    assert (message["status"], message["reason"]) == ("failed", case)
    await expect(consent.get_by_role("heading", name="Not connected")).to_be_visible()
    await expect(consent.get_by_text(message["message"])).to_be_visible()
    assert await dashboard.stack.tool() is None


async def test_who_closes_the_window_changes_nothing_and_may_try_again(dashboard: Dashboard) -> None:
    consent = await dashboard.connect()
    await consent.close()

    await dashboard.page.wait_for_function("window.popup.closed")
    assert await dashboard.heard() == []
    assert await dashboard.stack.tool() is None
    await allow(await dashboard.connect())
    assert (await dashboard.hears())["status"] == "connected"


async def test_without_javascript_the_page_says_so_and_leads_back(dashboard: Dashboard) -> None:
    consent = await dashboard.connect()
    address = consent.url
    cookies: Any = await dashboard.context.cookies()
    await consent.close()
    browser = dashboard.context.browser
    assert browser is not None
    context = await browser.new_context(java_script_enabled=False)
    await context.add_cookies(cookies)
    page = await context.new_page()
    await page.goto(address)
    await allow(page)

    await expect(page.get_by_role("heading", name="Connected")).to_be_visible()
    await expect(page.get_by_text(ACCOUNT)).to_be_visible()
    back = page.get_by_role("link", name="Back to the dashboard")
    assert await back.get_attribute("href") == f"{dashboard.page.url}connected/"
    await context.close()


async def test_a_window_of_another_origin_is_told_nothing(dashboard: Dashboard) -> None:
    """It opened the very page, in the browser that may finish it; only its name is another."""
    consent = await dashboard.connect()
    address = consent.url
    await consent.close()
    stranger = await dashboard.context.new_page()
    await stranger.goto(dashboard.page.url.replace("127.0.0.1", "localhost"))
    async with stranger.expect_popup() as popup:
        await stranger.evaluate("(address) => { open(address) }", address)
    opened = await popup.value
    async with opened.expect_event("close"):  # it has said what it says
        await allow(opened)
    await stranger.wait_for_timeout(500)

    assert await stranger.evaluate("window.heard") == []
    assert await dashboard.stack.tool() is not None, "it was the right browser"
