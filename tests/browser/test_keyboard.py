"""The pages by the keyboard alone: Tab reaches everything, dialogs keep the focus and give it back."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Page, expect

from local.cloud import Cloud
from local.next_steps import dashboard_link
from shared.models.call import FallbackReason, Outcome
from tests.browser.chromium import browser_test
from tests.browser.conftest import Visit
from tests.browser.keyboard import Walk, stays_in_the_dialog, tab_to, use, walk
from tests.browser.pages import PAGES, PHONE
from tests.browser.people import PAGE, an_agent, buy
from tests.browser.stored_calls import event, seeded, store, store_events
from tests.browser.visitor import EMAILS

pytestmark = browser_test


@pytest.mark.parametrize("options", [{}, {"viewport": PHONE}], ids=["desktop", "phone"])
async def test_tab_reaches_every_control_and_shows_where_it_is(
    visit: Visit, cloud: Cloud, options: dict[str, Any]
) -> None:
    call = seeded(16 if options else 17)
    await store(cloud, call)
    said = {"speaker": "agent", "text": "Hello.", "interrupted": False, "seconds": 2.0}
    await store_events(cloud, call, event(call.started_at + timedelta(seconds=2), "turn", **said))
    owner = await visit(**options)
    found: dict[str, Walk] = {}
    for path in PAGES:
        await owner.open(path.format(call=call.session_id))
        found[path] = await walk(owner.page)

    assert found == dict.fromkeys(PAGES, Walk())


async def test_every_page_is_marked_in_the_navigation_where_it_belongs(visit: Visit) -> None:
    """Setting up, and test calls, stood nowhere."""
    owner = await visit()
    marked = owner.page.get_by_role("navigation", name="Main").locator("[aria-current=page]")
    for path, name in (
        ("/", "Home"),
        ("/start/", "Agents"),
        ("/start/?agent=front-desk&step=tools", "Agents"),
        ("/agents/tools/?id=front-desk", "Agents"),
        ("/test-call/", "Calls"),
        ("/members/", "Members"),
    ):
        await owner.open(path)
        await expect(marked).to_have_text([name])


async def test_with_unsaved_changes_no_field_is_hidden_under_the_bar_that_saves_them(visit: Visit) -> None:
    editor = await visit("editor", viewport=PHONE)
    await editor.open("/agents/edit/?id=front-desk")
    await tab_to(editor.page, "Answers calls")
    await editor.page.keyboard.press("Space")
    await expect(editor.page.get_by_role("button", name="Discard")).to_be_visible()

    for name in ("Voice", "Time zone", "Around the clock", "Callers then", "Longest call", "Save"):
        await tab_to(editor.page, name)


async def test_the_menu_of_a_phone_closes_on_escape_and_lets_the_content_be_read_next(visit: Visit) -> None:
    owner = await visit(viewport=PHONE)
    page = owner.page
    await owner.open("/")
    await use(page, "Open menu")
    await tab_to(page, "Calls")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Open menu")).to_be_focused()

    await page.keyboard.press("Enter")
    await use(page, "Numbers")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Numbers")
    await expect(page.get_by_role("main")).to_be_focused()


async def test_from_the_printed_link_an_agent_is_made_and_deleted(visit: Visit, cloud: Cloud) -> None:
    editor = await visit(None)
    page = editor.page
    await page.goto(dashboard_link(cloud, EMAILS["editor"]))
    await editor.is_at_page()
    await use(page, "Skip to content")
    await expect(page.get_by_role("main")).to_be_focused()
    await page.reload()
    await editor.is_at_page()
    await use(page, "Agents")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Agents")

    await tab_to(page, "New agent")
    await opens_and_closes(page, "New agent")
    await page.keyboard.press("Enter")
    await tab_to(page, "Name")
    await page.keyboard.type("Typed desk")
    await tab_to(page, "What should it do?")
    await page.keyboard.type("Answers whoever types.")
    await use(page, "New agent")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await expect(page.get_by_role("button", name="New agent")).to_be_focused()

    await use(page, "Delete", "Actions for Typed desk")
    await use(page, "Delete")
    await expect(page.get_by_role("heading", name="Typed desk", exact=True)).to_have_count(0)
    await leads_on_in_the_page(page)


async def test_an_account_is_connected_and_disconnected(visit: Visit) -> None:
    owner = await visit()
    owner.expects_complaint("favicon.ico")  # of the provider
    page = owner.page
    agent = await an_agent(owner, "Typed account")
    await owner.open(PAGE.format(agent=agent) + "&tool=google_calendar")
    await tab_to(page, "Connect Google")
    async with page.expect_popup() as popup:
        await page.keyboard.press("Enter")
    window = await popup.value
    await expect(window.get_by_role("button", name="Continue")).to_be_visible()
    await window.get_by_role("radio").first.focus()
    await window.keyboard.press("Space")
    await window.get_by_role("button", name="Continue").focus()
    await window.keyboard.press("Enter")

    await expect(page.get_by_role("button", name="Disconnect", exact=True)).to_be_visible()
    await tab_to(page, "Disconnect")
    await opens_and_closes(page, "Disconnect")
    await page.keyboard.press("Enter")
    await use(page, "Disconnect")
    await expect(page.get_by_role("region", name="Account")).to_contain_text("A member of your organisation")
    await leads_on_in_the_page(page)


async def test_a_tools_form_is_filled_in_and_saved(visit: Visit) -> None:
    owner = await visit()
    page = owner.page
    agent = await an_agent(owner, "Typed mail")
    await owner.open(PAGE.format(agent=agent))
    await use(page, "Set up")
    await expect(page.get_by_role("heading", level=2, name="Settings")).to_be_visible()
    await expect(page.locator("[aria-busy=true]")).to_have_count(0)
    for label, text in (
        ("Sender", "desk@harbor-dental.example"),
        ("AWS region", "eu-central-1"),
        ("AWS access key id", "AKIATYPED"),
        ("AWS secret access key", "typed-secret"),
    ):
        await tab_to(page, label)
        await page.keyboard.type(text)
    await use(page, "Save and turn on")

    await expect(page.get_by_text("Ready", exact=True)).to_be_visible()
    await tab_to(page, "Replace")  # the key, which nobody reads back


async def test_calls_are_filtered_and_one_is_read(visit: Visit, cloud: Cloud) -> None:
    day = {"started_at": datetime(2026, 11, 12, 9, tzinfo=UTC), "caller": "+14155550399"}
    call = seeded(8, outcome=Outcome.VOICEMAIL, fallback_reason=FallbackReason.NO_AGENT, **day)
    await store(cloud, call, seeded(9, **day))
    at = call.started_at + timedelta(seconds=5)
    said = {"speaker": "agent", "text": "One moment, please.", "interrupted": False, "seconds": 2.0}
    asked = {
        "tool": "diary",
        "action": "read",
        "arguments": {},
        "milliseconds": 800,
        "ok": True,
        "result": {},
    }
    await store_events(cloud, call, event(at, "turn", **said), event(at, "tool_call", **asked))
    viewer = await visit("viewer")
    page = viewer.page
    await viewer.open("/calls/?caller=%2B14155550399")

    await tab_to(page, "Outcome")
    await page.keyboard.type("Left a")
    await expect(page).to_have_url(re.compile("outcome=voicemail"))
    await use(page, "Open the call of")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Call of")
    await expect(page.get_by_role("list", name="Transcript")).to_contain_text("One moment, please.")

    await tab_to(page, "One moment, please.")  # its piece of the timeline
    line = page.get_by_role("listitem").filter(has_text="One moment, please.")
    await expect(line).to_have_class(re.compile("marked"))
    await use(page, "diary · read: done")
    await expect(page.get_by_role("heading", name="Asked for")).to_be_visible()


async def test_a_number_is_attached_and_detached(visit: Visit) -> None:
    editor = await visit("editor")
    page = editor.page
    number = "+14155550166"
    await buy(editor, number)
    await editor.open("/numbers/")
    row = page.get_by_role("row", name=number)

    await tab_to(page, "Attach", number)
    await opens_and_closes(page, "Attach")
    await page.keyboard.press("Enter")
    await tab_to(page, "Agent")
    await page.keyboard.type("Front")
    await use(page, "Let it answer")
    await expect(row).to_contain_text("Answers calls")
    await leads_on_in_the_page(page)

    await use(page, "Detach", number)
    await use(page, "Detach")
    await expect(row).to_contain_text("Free")
    await leads_on_in_the_page(page)


async def test_somebody_is_invited_and_the_invitation_revoked(visit: Visit) -> None:
    owner = await visit()
    page = owner.page
    await owner.open("/members/")
    await tab_to(page, "Invite")
    await opens_and_closes(page, "Invite")
    await page.keyboard.press("Enter")
    await tab_to(page, "E-mail address")
    await page.keyboard.type("typed@harbor-dental.example")
    await page.keyboard.press("Enter")

    await shown_once(page, "Send this link to")
    await expect(page.get_by_role("button", name="Invite", exact=True)).to_be_focused()
    await use(page, "Revoke", "typed@")
    await use(page, "Revoke")
    await expect(
        page.get_by_text("The invitation of typed@harbor-dental.example has been revoked.")
    ).to_be_visible()
    await leads_on_in_the_page(page)


async def test_a_key_is_made_and_revoked(visit: Visit) -> None:
    owner = await visit()
    page = owner.page
    await owner.open("/api-keys/")
    await tab_to(page, "New key")
    await opens_and_closes(page, "New key")
    await page.keyboard.press("Enter")
    await tab_to(page, "Name")
    await page.keyboard.type("Typed key")
    await tab_to(page, "calls:read")
    await page.keyboard.press("Space")
    await page.keyboard.press("Enter")

    await shown_once(page, "Your key")
    await expect(page.get_by_role("button", name="New key")).to_be_focused()
    await use(page, "Revoke", "Typed key")
    await use(page, "Revoke")
    await expect(page.get_by_role("row", name="Typed key")).to_have_count(0)
    await leads_on_in_the_page(page)


async def opens_and_closes(page: Page, button: str) -> None:
    """The focused button's dialog has the focus, keeps it, and gives it back on Escape."""
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_be_visible()
    assert await page.evaluate("document.activeElement.closest('dialog[open]') !== null")
    await stays_in_the_dialog(page)
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_role("button", name=button).and_(page.locator(":focus"))).to_have_count(1)


async def shown_once(page: Page, title: str) -> None:
    """What can be read this once is not lost by Escape, however often; “Done” closes it."""
    dialog = page.get_by_role("dialog", name=title)
    await expect(dialog).to_be_visible()
    await dialog.evaluate("one => one.addEventListener('close', () => { window.wasClosed = true; })")
    for _ in range(3):
        await page.keyboard.press("Escape")
    await stays_in_the_dialog(page)
    await expect(dialog).to_be_visible()
    assert not await page.evaluate("window.wasClosed")

    # A browser that does not know `closedby` does so at the second Escape; a Tab comes before it opens again.
    await dialog.evaluate("one => { one.close(); document.querySelector('nav a').focus(); }")
    await expect(dialog).to_be_visible()
    await stays_in_the_dialog(page)
    await use(page, "Done")
    await expect(dialog).to_be_hidden()


async def leads_on_in_the_page(page: Page) -> None:
    """Where the focus was is gone; Tab goes on in the content, not at the browser's own controls."""
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.closest('main') !== null")
