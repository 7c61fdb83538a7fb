"""An agent's tools: which there are, in which state, what they let it do, and giving one back."""

import re

import pytest
from playwright.async_api import expect

from shared.tools.base.registry import TOOLS
from tests.browser.chromium import browser_test
from tests.browser.conftest import Visit
from tests.browser.people import PAGE, an_agent, api_call

pytestmark = browser_test


async def test_a_tools_page_says_which_agents_have_it_on_and_leads_to_them(visit: Visit) -> None:
    owner = await visit()
    page = owner.page
    user, idle = await an_agent(owner, "Busy desk"), await an_agent(owner, "Idle desk")
    await api_call(owner, "PATCH", f"/agents/{user}/tools/end_call", {"enabled": True})
    await owner.open(f"{PAGE.format(agent=idle)}&tool=end_call")
    main = page.get_by_role("main")
    await expect(main.get_by_role("link", name="Busy desk", exact=True)).to_be_visible()
    await expect(main.get_by_role("link", name="Idle desk", exact=True)).to_be_hidden()

    await page.get_by_role("button", name="Turn on").click()
    await expect(main.get_by_role("link", name="Idle desk", exact=True)).to_have_attribute(
        "aria-current", "page"
    )
    assert await owner.accessibility_problems() == []
    await main.get_by_role("link", name="Busy desk", exact=True).click()

    await expect(page).to_have_url(re.compile(f"id={user}&tool=end_call"))
    await expect(main.get_by_role("link", name="Busy desk", exact=True)).to_have_attribute(
        "aria-current", "page"
    )


async def test_a_tool_is_removed_when_there_is_something_to_lose_and_it_is_said_what(visit: Visit) -> None:
    """It was offered for tools that nobody had set up, and named passwords that were not there."""
    owner = await visit()
    page = owner.page
    agent = await an_agent(owner, "Removing desk")
    remove = page.get_by_role("button", name="Remove from this agent")
    await owner.open(f"{PAGE.format(agent=agent)}&tool=google_calendar")
    await expect(page.get_by_role("heading", name="What the agent can do")).to_be_visible()
    await expect(remove).to_have_count(0)
    await api_call(
        owner, "PATCH", f"/agents/{agent}/tools/google_calendar", {"config": {"calendar_id": "team"}}
    )
    await page.reload()
    await owner.is_at_page()

    await remove.click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Its settings and passwords are deleted. This cannot be undone.")
    assert await owner.accessibility_problems() == []
    await dialog.get_by_role("button", name="Remove from this agent").click()

    await expect(page.get_by_role("status").get_by_text("Google Calendar has been removed.")).to_be_visible()
    await expect(remove).to_have_count(0)
    await expect(page.get_by_role("main")).to_be_focused()


async def test_tools_come_from_the_catalogue_with_their_state_and_what_is_missing(visit: Visit) -> None:
    owner = await visit()
    agent = await an_agent(owner, "Catalogue desk")
    await owner.open(PAGE.format(agent=agent))

    headings = (
        await owner.page.get_by_role("list", name="Tools", exact=True)
        .get_by_role("heading", level=2)
        .all_text_contents()
    )

    await owner.picture("tools")
    assert headings == [tool.metadata.display_name for tool in TOOLS]
    await expect(owner.page.get_by_text("An account has to be connected.")).to_be_visible()
    await expect(
        owner.page.get_by_text(re.compile("Settings are incomplete: Sender, AWS region"))
    ).to_be_visible()
    assert await owner.accessibility_problems() == []


async def test_what_the_next_call_can_do_follows_what_is_on(visit: Visit) -> None:
    owner = await visit()
    agent = await an_agent(owner, "Able desk")
    await owner.open(PAGE.format(agent=agent))
    page = owner.page
    await expect(page.get_by_text("Turn on a tool to let it do more.")).to_be_visible()

    await page.get_by_role("button", name="Turn on End the call").click()

    await expect(page.get_by_role("status").get_by_text("End the call is on.")).to_be_visible()
    await expect(page.get_by_role("listitem").filter(has_text="Ends the phone call.")).to_be_visible()
    await page.get_by_text("For experts: exactly what the model is given").click()
    await expect(page.get_by_role("region", name="Instructions")).to_contain_text("You answer the phone.")
    await expect(page.get_by_text("end_call", exact=True)).to_be_visible()
    assert await owner.accessibility_problems() == []
    await page.get_by_role("button", name="Turn off End the call").click()
    await expect(page.get_by_text("Turn on a tool to let it do more.")).to_be_visible()


@pytest.mark.parametrize("path", ["?id=nobody", "?id=front-desk&tool=nothing", ""])
async def test_what_is_not_there_is_said(visit: Visit, path: str) -> None:
    owner = await visit()
    owner.expects_complaint("404")

    await owner.page.goto(f"{owner.origin}/agents/tools/{path}")

    await expect(owner.page.get_by_text("This is not here any more")).to_be_visible()
