"""On a phone, in the language with the longer words, no page is wider than the screen."""

from datetime import timedelta

from playwright.async_api import expect

from local.cloud import Cloud
from shared.models.call import FallbackReason, Outcome
from tests.browser.chromium import browser_test
from tests.browser.conftest import Visit
from tests.browser.pages import PAGES, PHONE
from tests.browser.stored_calls import event, seeded, store, store_events

pytestmark = browser_test


async def test_no_page_is_wider_than_a_phone(visit: Visit, cloud: Cloud) -> None:
    call = seeded(18, outcome=Outcome.ABANDONED, fallback_reason=FallbackReason.PLATFORM_UNAVAILABLE)
    await store(cloud, call)
    asked = {"tool": "google_calendar", "action": "list_events", "arguments": {"from": "2026-11-20" * 9}}
    answer = {"milliseconds": 900, "ok": True, "result": {"events": ["a" * 200]}}
    spoken = {"speaker": "caller", "text": "Donaudampfschifffahrt" * 9, "interrupted": True, "seconds": 2.0}
    at = call.started_at + timedelta(seconds=9)
    await store_events(cloud, call, event(at, "turn", **spoken), event(at, "tool_call", **asked, **answer))
    owner = await visit(locale="de-DE", viewport=PHONE)
    too_wide: dict[str, int] = {}
    for path in PAGES:
        await owner.open(path.format(call=call.session_id))
        if "{call}" in path:
            await expect(owner.page.locator("main summary")).to_have_count(1)
        for summary in await owner.page.locator("main summary").all():
            await summary.click()
        width = int(await owner.page.evaluate("document.documentElement.scrollWidth"))
        if width > PHONE["width"]:
            too_wide[path] = width

    assert too_wide == {}


async def test_an_agents_tabs_are_one_row_in_which_the_page_that_is_open_is_seen(visit: Visit) -> None:
    """They wrapped: three rows of words before what the page is about."""
    owner = await visit(locale="de-DE", viewport=PHONE)
    tabs = owner.page.get_by_role("navigation", name="Teile dieses Agenten")
    for path, text in (
        ("/agents/edit/?id=front-desk", "Einstellungen"),
        ("/agents/edit/?id=front-desk&tab=history", "Verlauf"),
    ):
        await owner.open(path)
        rows = await tabs.get_by_role("link").evaluate_all("links => links.map((one) => one.offsetTop)")
        assert len(set(rows)) == 1
        here = await tabs.get_by_role("link", name=text).bounding_box()
        assert here is not None
        assert here["x"] >= 0
        assert here["x"] + here["width"] <= PHONE["width"]
        assert await owner.accessibility_problems() == []


async def test_what_is_said_of_a_row_stands_beside_its_name(visit: Visit) -> None:
    """Long addresses took the whole width: whose role is which was seen after scrolling alone."""
    owner = await visit(viewport=PHONE)
    await owner.open("/members/")

    row = owner.page.get_by_role("row", name="desk@harbor-dental.example")
    role = await row.get_by_role("cell", name="Editor", exact=True).bounding_box()

    assert role is not None
    assert role["x"] + role["width"] <= PHONE["width"]


async def test_times_of_day_are_read_whole(visit: Visit) -> None:
    """AM and PM were cut off."""
    editor = await visit("editor", viewport=PHONE)
    await editor.open("/start/?step=business")
    times = editor.page.locator("input[type=time]")
    room = await times.first.evaluate("input => input.offsetWidth")

    needed = await times.first.evaluate(
        "input => { input.style.flex = 'none'; input.style.width = 'auto'; return input.offsetWidth }"
    )

    assert needed <= room


async def test_a_row_that_was_touched_does_not_stay_marked(visit: Visit) -> None:
    owner = await visit(viewport=PHONE, is_mobile=True, has_touch=True)
    await owner.open("/members/")
    row = owner.page.get_by_role("row").nth(1)

    await row.hover()

    await expect(row).to_have_css("background-color", "rgba(0, 0, 0, 0)")
