"""What pages of one thing look like while it is not there."""

import re

import pytest
from playwright.async_api import Route, expect

from tests.browser.chromium import browser_test
from tests.browser.conftest import Visit

pytestmark = browser_test

UNREACHABLE = "Der Dienst ist nicht erreichbar. Prüfen Sie Ihre Verbindung und versuchen Sie es erneut."
DOWN = {"status": 503, "code": "unavailable", "detail": "Not now."}


@pytest.mark.parametrize(
    ("path", "title", "resource"),
    [
        ("/agents/edit/?id=front-desk", "Agent", "agents/front-desk"),
        ("/calls/view/?id=any", "Call", "calls/any"),
    ],
)
async def test_a_page_of_what_cannot_be_read_says_what_it_is_about(
    visit: Visit, path: str, title: str, resource: str
) -> None:
    """It had neither heading nor title: only that something could not be loaded."""
    owner = await visit()
    owner.expects_complaint("503")
    page = owner.page

    async def down(route: Route) -> None:
        headers = {"Access-Control-Allow-Origin": owner.origin}
        await route.fulfill(status=503, json=DOWN, headers=headers)

    await page.route(re.compile(rf"/api/v1/tenants/harbor-dental/{resource}(\?|$)"), down)
    await owner.open(path)

    await expect(page.get_by_role("heading", name="This could not be loaded")).to_be_visible()
    await expect(page.get_by_role("heading", level=1)).to_have_text(title)
    await expect(page).to_have_title(f"{title} · Trunkline")
    assert await owner.accessibility_problems() == []


@pytest.mark.parametrize("path", ["/agents/", "/sign-in/"])
async def test_a_sign_in_service_that_does_not_answer_is_told_in_the_persons_language(
    visit: Visit, path: str
) -> None:
    """The browser's own words were shown: “Failed to fetch”; in the window that signs in again, nothing."""
    somebody = await visit(None, locale="de-DE")
    somebody.expects_complaint("ERR_CONNECTION_REFUSED")
    page = somebody.page
    discovery = "**/.well-known/openid-configuration"
    await page.route(discovery, lambda route: route.abort("connectionrefused"))

    await page.goto(somebody.origin + path)

    await expect(page.get_by_role("alert").get_by_text(UNREACHABLE)).to_be_visible()
    assert await somebody.accessibility_problems() == []
    await page.unroute(discovery)
    async with page.expect_request("**/authorize?*"):
        await page.get_by_role("button", name="Erneut versuchen").click()
