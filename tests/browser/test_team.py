"""Numbers, members, keys, audit, usage and the organisation's settings."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import ClientSession
from playwright.async_api import Route, expect

from local.cloud import Cloud
from local.next_steps import dashboard_link
from shared.models.call import Outcome
from tests.browser.chromium import browser_test
from tests.browser.conftest import Visit
from tests.browser.pages import PHONE
from tests.browser.people import an_agent, api_call, buy
from tests.browser.stored_calls import seeded, store
from tests.browser.visitor import Visitor

pytestmark = browser_test

FREE_NUMBER = "+14155550177"
SECOND_NUMBER = "+14155550179"
SHIFTS = """
window.shift = 0;
new PerformanceObserver((list) => list.getEntries().forEach((entry) => { window.shift += entry.value }))
  .observe({ type: "layout-shift", buffered: true });
"""

TOO_WIDE = """
[...document.querySelectorAll("html, main, main *")]
  .filter((node) => node.scrollWidth > node.clientWidth && node.clientWidth > 1)
  .filter((node) => node.tagName === "HTML" || ["auto", "scroll"].includes(getComputedStyle(node).overflowX))
  .map((node) => node.outerHTML.slice(0, 200))
"""
"""What scrolls sideways."""


async def sign_up(visitor: Visitor, email: str) -> None:
    """At the local issuer; nobody is a member by that."""
    url = f"{visitor.cloud.ports.url('identity')}/_local/users"
    async with ClientSession() as http, http.post(url, json={"email": email}) as answer:
        assert answer.status < 300, await answer.text()


async def test_a_number_is_attached_to_an_agent_and_detached(visit: Visit) -> None:
    editor = await visit("editor")
    page = editor.page
    await buy(editor, FREE_NUMBER)
    await editor.open("/numbers/")
    row = page.get_by_role("row", name=FREE_NUMBER)
    await expect(row).to_contain_text("Free")

    await row.get_by_role("button", name="Attach").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Agent").select_option(label="Front desk")
    assert await editor.accessibility_problems() == []
    await dialog.get_by_role("button", name="Let it answer").click()
    await expect(row).to_contain_text("Answers calls")
    await editor.picture("numbers")

    await row.get_by_role("button", name="Detach").click()
    await dialog.get_by_role("button", name="Detach").click()
    await expect(row).to_contain_text("Free")


async def test_a_number_is_attached_to_an_agent_that_comes_after_the_dialog(visit: Visit) -> None:
    """What was shown as chosen was not what was sent: nobody."""
    owner = await visit()
    page = owner.page
    number = "+14155550172"
    await buy(owner, number)
    opened = asyncio.Event()

    async def wait(route: Route) -> None:
        await opened.wait()
        await route.continue_()

    await page.route("**/agents?*", wait)
    await owner.page.goto(owner.origin + "/numbers/")
    row = page.get_by_role("row", name=number)
    await row.get_by_role("button", name="Attach").click(timeout=20_000)
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_be_visible()
    opened.set()
    await expect(dialog.get_by_role("option", name="Front desk", exact=True).first).to_be_attached()
    chosen = await dialog.get_by_label("Agent").evaluate("select => select.selectedOptions[0].textContent")

    await dialog.get_by_role("button", name="Let it answer").click()

    await expect(row).to_contain_text(chosen)
    await api_call(owner, "DELETE", f"/numbers/{quote(number)}")


async def test_a_number_that_went_to_another_agent_meanwhile_is_not_detached_unseen(visit: Visit) -> None:
    """One was told to load the current version: that meant to reload the page."""
    editor = await visit("editor")
    editor.expects_complaint("412")
    page = editor.page
    await buy(editor, SECOND_NUMBER)
    other = await an_agent(editor, "Night desk")
    await api_call(editor, "PUT", f"/numbers/{SECOND_NUMBER}", {"agent_id": "front-desk"})
    await editor.open("/numbers/")
    row = page.get_by_role("row", name=SECOND_NUMBER)
    await row.get_by_role("button", name="Detach").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("From the next call on Front desk does not answer it any more.")
    await api_call(editor, "PUT", f"/numbers/{SECOND_NUMBER}", {"agent_id": other})

    await dialog.get_by_role("button", name="Detach").click()

    await expect(dialog.get_by_role("alert")).to_contain_text("Somebody else has changed this meanwhile")
    await expect(dialog.get_by_role("button", name="Detach")).to_have_count(0)
    await expect(dialog.get_by_text("Close")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(row).to_contain_text("Night desk")
    await row.get_by_role("button", name="Detach").click()
    await expect(dialog).to_contain_text("From the next call on Night desk does not answer it any more.")
    await dialog.get_by_role("button", name="Detach").click()
    await expect(page.get_by_role("status").get_by_text("has been detached")).to_be_visible()
    await expect(row).to_contain_text("Free")


async def test_an_invitation_that_is_gone_already_leaves_the_list(visit: Visit) -> None:
    owner = await visit()
    owner.expects_complaint("404")
    page = owner.page
    invited = {"email": "changed-mind@harbor-dental.example", "role": "viewer"}
    invitation = await api_call(owner, "POST", "/invitations", invited)
    await owner.open("/members/")
    row = page.get_by_role("row", name=invited["email"])
    await row.get_by_role("button").click()
    await api_call(owner, "DELETE", f"/invitations/{invitation['id']}")

    await page.get_by_role("dialog").get_by_role("button", name="Revoke").click()

    await expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("does not exist any more")
    await page.get_by_role("dialog").get_by_text("Close").click()
    await expect(row).to_have_count(0)
    await expect(page.get_by_role("main")).to_be_focused()


async def test_a_number_that_may_have_been_attached_is_shown_as_it_is_now(visit: Visit) -> None:
    editor = await visit("editor")
    page = editor.page
    editor.expects_complaint("503")
    number = "+14155550178"
    await buy(editor, number)

    async def done_without_saying_so(route: Route) -> None:
        if route.request.method == "PUT":
            await route.fetch()
            problem = {"status": 503, "code": "number_kept", "detail": "Twilio does not answer."}
            headers = {"Access-Control-Allow-Origin": editor.origin}
            await route.fulfill(status=503, json=problem, headers=headers)
        else:
            await route.continue_()

    await editor.context.route(f"**/numbers/{number.replace('+', '%2B')}", done_without_saying_so)
    await editor.open("/numbers/")
    row = page.get_by_role("row", name=number)
    await row.get_by_role("button", name="Attach").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Let it answer").click()

    await expect(dialog.get_by_role("alert")).to_contain_text("The number is kept for the agent")
    await page.keyboard.press("Escape")
    await expect(row).to_contain_text("Answers calls")
    await row.get_by_role("button", name="Detach").click()
    await dialog.get_by_role("button", name="Detach").click()
    await expect(row).to_contain_text("Free")


async def test_an_invited_person_accepts_by_the_link_that_is_shown_once(visit: Visit) -> None:
    owner = await visit("owner")
    page = owner.page
    await owner.open("/members/")
    await page.get_by_role("button", name="Invite").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("E-mail address").fill("new@harbor-dental.example")
    await dialog.get_by_label("Role").select_option("viewer")
    await dialog.get_by_role("button", name="Invite").click()
    link = await dialog.get_by_label("Link").input_value()
    assert await owner.accessibility_problems() == []
    await dialog.get_by_role("button", name="Done").click()
    await expect(page.get_by_role("table", name="Invited")).to_contain_text("new@harbor-dental.example")
    await owner.picture("members")

    invited = await visit(None)
    await sign_up(invited, "new@harbor-dental.example")
    await invited.page.goto(dashboard_link(owner.cloud, "new@harbor-dental.example"))
    await expect(invited.page.get_by_text("You are not a member of an organisation yet")).to_be_visible()
    await invited.page.goto(link + "&login_hint=new%40harbor-dental.example")
    await expect(invited.page.get_by_text("Accept as new@harbor-dental.example")).to_be_visible()
    assert await invited.accessibility_problems() == []
    await invited.picture("invitation")
    await invited.page.get_by_role("button", name="Accept").click()
    await invited.is_at_page()
    await expect(invited.page.get_by_text("Viewer")).to_be_visible()

    await page.reload()
    await owner.is_at_page()
    member = page.get_by_role("group", name="new@harbor-dental.example")
    await member.get_by_role("button", name="Change role").click()
    await dialog.get_by_label("Role").select_option("editor")
    assert await owner.accessibility_problems() == []
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status").get_by_text("is Editor now")).to_be_visible()
    await member.get_by_role("button", name="Remove").click()
    await dialog.get_by_role("button", name="Remove").click()
    await expect(member).to_be_hidden()


async def late(route: Route) -> None:
    await asyncio.sleep(1)
    await route.continue_()


async def test_invitations_are_not_pushed_down_by_members_that_come_later(visit: Visit) -> None:
    owner = await visit()
    invited = {"email": "pending@harbor-dental.example", "role": "viewer"}
    await api_call(owner, "POST", "/invitations", invited)
    await owner.page.route("**/members?*", late)
    await owner.page.add_init_script(SHIFTS)

    await owner.open("/members/")

    await expect(owner.page.get_by_role("table", name="Invited")).to_contain_text(invited["email"])
    await expect(owner.page.get_by_role("table", name="Members")).to_be_visible()
    assert await owner.page.evaluate("window.shift") < 0.01


@pytest.mark.parametrize(
    ("locale", "role", "save", "why"),
    [
        ("en-US", "Role", "Save", "An organisation needs an owner"),
        ("de-DE", "Rolle", "Speichern", "Eine Organisation braucht einen Inhaber"),
    ],
)
async def test_the_last_owner_cannot_step_down_and_is_told_why_in_their_language(
    visit: Visit, locale: str, role: str, save: str, why: str
) -> None:
    owner = await visit("owner", locale=locale)
    owner.expects_complaint("409")
    await owner.open("/members/")

    page = owner.page
    member = page.get_by_role("group", name="owner@harbor-dental.example")
    await member.get_by_role("button", name=role).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label(role).select_option("viewer")

    await dialog.get_by_role("button", name=save).click()

    await expect(dialog.get_by_role("alert")).to_contain_text(why)


async def test_a_key_is_shown_once_and_revoked(visit: Visit) -> None:
    owner = await visit("owner", permissions=["clipboard-read", "clipboard-write"])
    page = owner.page
    await owner.open("/api-keys/")
    await page.get_by_role("button", name="New key").first.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("Nightly export")
    await dialog.get_by_label("calls:read").check()
    assert await owner.accessibility_problems() == []
    await dialog.get_by_role("button", name="New key").click()
    key = await dialog.get_by_label("Key").input_value()
    await dialog.get_by_role("button", name="Copy").click()
    assert await page.evaluate("navigator.clipboard.readText()") == key
    assert key.startswith("tlk.")
    await dialog.get_by_role("button", name="Done").click()
    await expect(page.get_by_role("row", name="Nightly export")).to_contain_text("calls:read")
    assert key not in await page.content()
    await owner.picture("api-keys")

    await page.get_by_role("group", name="Nightly export").get_by_role("button", name="Revoke").click()
    await dialog.get_by_role("button", name="Revoke").click()
    await expect(page.get_by_role("row", name="Nightly export")).to_have_count(0)
    await expect(page.get_by_role("main")).to_be_focused()
    await owner.open("/audit/")
    await expect(page.get_by_role("heading", name="API key revoked: Nightly export")).to_be_visible()


async def test_a_key_that_the_browser_does_not_copy_is_said_to_be_copied_by_hand(visit: Visit) -> None:
    """Nothing happened."""
    owner = await visit()
    page = owner.page
    await page.add_init_script(
        "navigator.clipboard.writeText = () => Promise.reject(new DOMException('', 'NotAllowedError'))"
    )
    await owner.open("/api-keys/")
    await page.get_by_role("button", name="New key").first.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("Copied by hand")
    await dialog.get_by_label("calls:read").check()
    await dialog.get_by_role("button", name="New key").click()

    await dialog.get_by_role("button", name="Copy").click()

    await expect(dialog.get_by_text("The browser did not copy it")).to_be_visible()


async def test_what_was_changed_is_in_the_audit_log_with_who_and_how(visit: Visit) -> None:
    owner = await visit("owner")
    page = owner.page
    await owner.open("/settings/")
    await page.get_by_label("Keep calls for (days)").fill("77")
    assert await owner.accessibility_problems() == []
    await owner.picture("settings")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status").get_by_text("Saved.")).to_be_visible()

    await owner.open("/audit/")
    entry = page.get_by_role("listitem").filter(has_text="Keep calls for (days)").first
    await expect(entry).to_contain_text("Organisation changed")
    await expect(entry).to_contain_text("owner@harbor-dental.example")
    await expect(entry).to_contain_text("77")
    assert await owner.accessibility_problems() == []
    await owner.picture("audit")

    await entry.get_by_role("button").click()
    await expect(page).to_have_url(re.compile(r"subject="))
    await page.get_by_role("button", name="Show everything").click()
    await expect(page).not_to_have_url(re.compile(r"subject="))


async def test_the_audit_log_calls_an_agent_by_its_name_and_one_that_is_gone_deleted(visit: Visit) -> None:
    """It did until the agents' names were there, and for good once an agent was deleted."""
    owner = await visit()
    page = owner.page
    agent = await an_agent(owner, "Short-lived")
    await api_call(owner, "PATCH", f"/agents/{agent}/tools/end_call", {"enabled": True})
    await page.route("**/agents?*", late)
    await owner.page.goto(f"{owner.origin}/audit/")
    entry = page.get_by_role("listitem").filter(has_text="Tool changed").first
    await expect(entry).to_be_visible()
    assert agent not in await entry.inner_text()
    await expect(entry).to_contain_text("of Short-lived")

    await page.goto(f"{owner.origin}/agents/")
    await (
        page.get_by_role("group", name="Actions for Short-lived").get_by_role("button", name="Delete").click()
    )
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_role("status").get_by_text("Short-lived has been deleted.")).to_be_visible()
    await owner.open("/audit/")

    await expect(page.get_by_role("listitem").filter(has_text="Tool changed").first).to_contain_text(
        f"of Deleted agent ({agent})"
    )


async def test_usage_is_drawn_and_its_days_are_in_the_address(visit: Visit, cloud: Cloud) -> None:
    viewer = await visit("viewer")
    page = viewer.page
    await viewer.open("/usage/?first=2026-11-01&last=2026-11-05")
    await expect(page.get_by_role("heading", name="No calls in these days")).to_be_visible()
    assert await viewer.accessibility_problems() == []
    for day, count in enumerate((2, 5, 0, 3, 1), 1):
        began = datetime(2026, 11, day, 20, tzinfo=UTC)
        when: dict[str, Any] = {"started_at": began, "ended_at": began + timedelta(minutes=2)}
        calls = [seeded(10 * day + one, usage={"agent_seconds": 100}, **when) for one in range(count)]
        await store(cloud, *calls)
    await page.reload()
    await viewer.is_at_page()

    await expect(page.get_by_role("img", name="Calls by day")).to_be_visible()
    await page.locator("summary").click()
    await expect(page.get_by_role("table").get_by_role("row")).to_have_count(6)
    assert await viewer.accessibility_problems() == []
    await viewer.picture("usage")

    await page.get_by_label("To").fill("2026-10-01")
    await expect(page.get_by_text("The first day must not be later than the last.")).to_be_visible()


async def test_the_usage_of_what_is_no_day_is_that_of_the_last_days(visit: Visit) -> None:
    """A year with five digits was asked of the API, whose refusal stood in the place of the figures."""
    viewer = await visit("viewer")
    asked: list[str] = []
    viewer.page.on("request", lambda request: asked.append(request.url))
    await viewer.open("/usage/?first=20266-11-01&last=2026-02-31")

    days = [await viewer.page.get_by_label(label, exact=True).input_value() for label in ("From", "To")]
    assert any(f"usage?first={days[0]}&last={days[1]}&" in url for url in asked)
    await expect(viewer.page.get_by_role("main").get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize("path", ["/api-keys/", "/audit/"])
async def test_a_viewer_is_told_that_a_page_is_not_for_them(visit: Visit, path: str) -> None:
    viewer = await visit("viewer")

    await viewer.open(path)

    await expect(viewer.page.get_by_text("You do not have access to this")).to_be_visible()
    assert await viewer.accessibility_problems() == []


async def test_a_viewer_reads_numbers_members_and_settings_without_buttons(visit: Visit) -> None:
    viewer = await visit("viewer")
    for path, text in (
        ("/numbers/", "+14155550100"),
        ("/members/", "owner@harbor-dental.example"),
        ("/settings/", "Only an owner can change this."),
    ):
        await viewer.open(path)
        main = viewer.page.get_by_role("main")
        await expect(main.get_by_text(text).first).to_be_visible()
        await expect(main.get_by_role("button")).to_have_count(0)


@pytest.mark.parametrize("locale", ["en-US", "de-DE"])
async def test_on_a_phone_nothing_scrolls_sideways_in_lists(visit: Visit, cloud: Cloud, locale: str) -> None:
    """Tables did: what was said of a number or a call could not be seen beside it."""
    await store(cloud, seeded(31 if locale == "en-US" else 32, outcome=Outcome.VOICEMAIL))
    owner = await visit("owner", viewport=PHONE, locale=locale)
    pending = {"email": f"a.colleague.with.a.long.name-{locale}@harbor-dental.example", "role": "viewer"}
    await api_call(owner, "POST", "/invitations", pending)
    key = {"name": f"Report {locale}", "scopes": ["agents:read", "calls:read"], "expires_in_days": 9}
    await api_call(owner, "POST", "/api-keys", key)
    for path in ("/numbers/", "/calls/", "/members/", "/api-keys/", "/audit/", "/usage/", "/settings/"):
        await owner.open(path)
        await owner.page.evaluate(
            "document.querySelectorAll('details').forEach((one) => { one.open = true })"
        )
        assert await owner.page.evaluate(TOO_WIDE) == [], path

    await owner.open("/calls/")
    row = owner.page.get_by_role("row").nth(1)
    await expect(row.get_by_role("cell")).to_have_count(4)
    assert await owner.accessibility_problems() == []


async def test_the_pages_speak_german(visit: Visit) -> None:
    owner = await visit("owner", locale="de-DE")
    for path, title in (("/numbers/", "Rufnummern"), ("/members/", "Mitglieder"), ("/usage/", "Nutzung")):
        await owner.open(path)
        await expect(owner.page.get_by_role("heading", level=1)).to_have_text(title)
