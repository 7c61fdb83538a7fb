"""Pages on a slow network, and whom they talk to."""

import asyncio
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Route, expect

from tests.browser.chromium import browser_test
from tests.browser.conftest import Visit

pytestmark = browser_test

PAGES = {
    "/agents/": "Front desk",
    "/agents/tools/?id=front-desk": "What the agent can do in its next call",
    "/agents/tools/?id=front-desk&tool=send_email": "AWS region",
}
"""Address → words that only the loaded page has."""


@pytest.mark.parametrize("path", PAGES)
async def test_on_a_slow_network_a_skeleton_stands_in_until_the_page_is_there(
    visit: Visit, path: str
) -> None:
    owner = await visit()
    let_through = asyncio.Event()

    async def hold(route: Route) -> None:
        await let_through.wait()
        await route.continue_()

    await owner.context.route(owner.cloud.ports.url("tools_api") + "/**", hold)
    await owner.page.goto(owner.origin + path)

    await expect(owner.page.locator("[aria-busy=true]").first).to_be_visible()
    await expect(owner.page.get_by_role("status").get_by_text("Loading…").first).to_be_attached()
    await expect(owner.page.get_by_role("main").get_by_role("alert")).to_have_count(0)
    let_through.set()
    await expect(owner.page.get_by_text(PAGES[path]).first).to_be_visible()
    await expect(owner.page.get_by_role("main").get_by_role("alert")).to_have_count(0)


async def test_pages_talk_to_this_deployment_and_nobody_else(visit: Visit) -> None:
    owner = await visit(None)
    asked: set[str] = set()
    owner.context.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
    await owner.sign_in()
    for path in PAGES:
        await owner.open(path)

    ports = owner.cloud.ports
    ours = {urlsplit(ports.url(part)).netloc for part in ("dashboard", "tools_api", "oauth", "identity")}
    assert asked <= ours, asked - ours
    assert urlsplit(ports.url("tools_api")).netloc in asked
