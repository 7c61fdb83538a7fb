"""The organisation's settings: what is entered, and what two owners make of them at the same time."""

from collections.abc import AsyncGenerator

import pytest_asyncio
from playwright.async_api import Locator, expect

from tests.browser.chromium import browser_test
from tests.browser.conftest import Visit
from tests.browser.people import api_call
from tests.browser.visitor import Visitor

pytestmark = browser_test

FIRST = {"retention_days": 30, "fallback_number": "+14155550111"}
THEIRS = {"retention_days": 55, "fallback_number": "+14155550144"}


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def settings(visit: Visit) -> AsyncGenerator[None]:
    """The organisation is everybody's: afterwards it is as it was."""
    owner = await visit()
    before = await api_call(owner, "GET", "")
    await api_call(owner, "PATCH", "", FIRST)
    yield
    await api_call(owner, "PATCH", "", {name: before[name] for name in FIRST})


async def a_conflict(visit: Visit) -> tuple[Visitor, Locator]:
    """Somebody who saves 44 days after somebody else has saved something else; and their dialog."""
    owner = await visit()
    owner.expects_complaint("412")
    await owner.open("/settings/")
    await owner.page.get_by_label("Keep calls for (days)").fill("44")
    await api_call(owner, "PATCH", "", THEIRS)
    await owner.page.get_by_role("button", name="Save").click()
    dialog = owner.page.get_by_role("dialog", name="Somebody else changed the organisation meanwhile")
    await expect(dialog).to_be_visible()
    return owner, dialog


async def stored(owner: Visitor) -> tuple[int, str]:
    found = await api_call(owner, "GET", "")
    return found["retention_days"], found["fallback_number"]


async def test_who_saves_second_sees_both_versions_and_keeps_what_they_entered(visit: Visit) -> None:
    """The other version took the place of what had been entered."""
    owner, dialog = await a_conflict(visit)
    days = dialog.get_by_role("group", name="Keep calls for (days)")
    fallback = dialog.get_by_role("group", name="Fallback number")
    await expect(days.get_by_label("Yours")).to_be_checked()
    await expect(days).to_contain_text("44")
    await expect(days).to_contain_text("55")
    await expect(fallback.get_by_label("Theirs")).to_be_checked()
    assert await owner.accessibility_problems() == []

    await dialog.get_by_role("button", name="Cancel").click()
    await expect(owner.page.get_by_label("Keep calls for (days)")).to_have_value("44")
    assert await stored(owner) == (55, "+14155550144")
    await owner.page.get_by_role("button", name="Save").click()
    await dialog.get_by_role("button", name="Save what is chosen").click()

    await expect(owner.page.get_by_role("status").get_by_text("Saved.")).to_be_visible()
    await expect(owner.page.get_by_label("Fallback number")).to_have_value("+14155550144")
    assert await stored(owner) == (44, "+14155550144")


async def test_who_saves_second_can_take_all_of_the_other_version(visit: Visit) -> None:
    owner, dialog = await a_conflict(visit)

    await dialog.get_by_role("button", name="All theirs").click()
    await dialog.get_by_role("button", name="Save what is chosen").click()

    await expect(owner.page.get_by_label("Keep calls for (days)")).to_have_value("55")
    await expect(owner.page.get_by_role("button", name="Save")).to_be_disabled()
    assert await stored(owner) == (55, "+14155550144")


async def test_what_is_entered_stays_when_somebody_elses_version_is_read_meanwhile(visit: Visit) -> None:
    """The form began anew with every version that came, whatever stood in it."""
    owner = await visit()
    page = owner.page
    await api_call(owner, "PATCH", "", {"retention_days": 60})
    await owner.open("/settings/")
    await page.get_by_label("Fallback number").fill("+14155550145")
    await api_call(owner, "PATCH", "", {"retention_days": 61})
    # Whoever comes back to the tab has it read again, once it is older than a few seconds.
    await page.clock.install()
    async with page.expect_response(lambda answer: answer.url.endswith("/tenants/harbor-dental")):
        await page.clock.fast_forward(60_000)
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))")

    await expect(page.get_by_label("Fallback number")).to_have_value("+14155550145")
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.get_by_label("Keep calls for (days)")).to_have_value("61")


async def test_a_number_may_be_entered_as_people_write_it(visit: Visit) -> None:
    """The browser asked for “the requested format”, and did not say which."""
    owner = await visit()
    await owner.open("/settings/")
    await owner.page.get_by_label("Fallback number").fill("+1 (415) 555-0122")

    await owner.page.get_by_role("button", name="Save").click()

    await expect(owner.page.get_by_role("status").get_by_text("Saved.")).to_be_visible()
    assert await stored(owner) == (30, "+14155550122")
