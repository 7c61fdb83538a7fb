"""Whoever closes a dialog before its answer has come is told what became of it."""

import asyncio
import re
from urllib.parse import quote

from playwright.async_api import Route, expect

from tests.browser.chromium import browser_test
from tests.browser.conftest import Visit
from tests.browser.pages import PHONE
from tests.browser.people import an_agent, api_call, buy
from tests.browser.visitor import Visitor

pytestmark = browser_test


class Held:
    """Requests of one method to one address, each of which waits until it is let go."""

    def __init__(self) -> None:
        self.let_go = asyncio.Event()

    @classmethod
    async def of(cls, visitor: Visitor, method: str, address: str, *, fails: bool = False) -> "Held":
        held = cls()

        async def hold(route: Route) -> None:
            if route.request.method != method:
                await route.continue_()
                return
            await held.let_go.wait()
            if not fails:
                await route.continue_()
                return
            problem = {"status": 503, "code": "unavailable", "detail": "Not now."}
            headers = {"Access-Control-Allow-Origin": visitor.origin}
            await route.fulfill(status=503, json=problem, headers=headers)

        await visitor.page.route(address, hold)
        return held


async def test_what_a_closed_dialog_had_done_is_told_and_closes_no_other_one(visit: Visit) -> None:
    """Nothing was told: the news went with the dialog."""
    editor = await visit("editor")
    page = editor.page
    agent = await an_agent(editor, "Closed too soon")
    await an_agent(editor, "Looked at meanwhile")
    held = await Held.of(editor, "DELETE", f"**/agents/{agent}")
    await editor.open("/agents/")
    dialog = page.get_by_role("dialog")
    await page.get_by_role("group", name="Closed too soon").get_by_role("button", name="Delete").click()
    await dialog.get_by_role("button", name="Delete").click()
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await page.get_by_role("group", name="Looked at meanwhile").get_by_role("button", name="Delete").click()

    held.let_go.set()

    await expect(page.get_by_role("status").get_by_text("Closed too soon has been deleted.")).to_be_visible()
    await expect(dialog).to_have_accessible_name("Delete Looked at meanwhile?")
    # Not behind the open one, where nobody could press it.
    await page.get_by_role("status").get_by_role("button", name="Close").click(timeout=5_000)
    await expect(dialog).to_be_visible()


async def test_what_a_closed_dialog_could_not_do_is_told_until_it_is_read(visit: Visit) -> None:
    editor = await visit("editor")
    editor.expects_complaint("503")
    page = editor.page
    number = "+14155550176"
    await buy(editor, number)
    held = await Held.of(editor, "PUT", f"**/numbers/{quote(number)}", fails=True)
    await editor.open("/numbers/")
    await page.get_by_role("row", name=number).get_by_role("button", name="Attach").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Let it answer").click()
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await page.clock.install()

    held.let_go.set()

    failure = page.get_by_role("status").get_by_text(f"“Who answers {number}?”: The service has a problem")
    await expect(failure).to_be_visible()
    assert await editor.accessibility_problems() == []
    await page.clock.fast_forward(60_000)
    await expect(failure).to_be_visible()
    await page.get_by_role("status").get_by_role("button", name="Close").click()
    await expect(failure).to_be_hidden()


async def test_news_on_a_phone_leaves_the_bar_that_saves_free(visit: Visit) -> None:
    """It covered the buttons."""
    editor = await visit("editor", viewport=PHONE)
    editor.expects_complaint("503")
    page = editor.page
    agent = await an_agent(editor, "Newsworthy")
    held = await Held.of(editor, "POST", f"**/agents/{agent}/duplicate", fails=True)
    await editor.open(f"/agents/edit/?id={agent}")
    await page.get_by_role("button", name="Duplicate").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Duplicate").click()
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    held.let_go.set()
    news = page.get_by_role("status").get_by_text("The service has a problem")
    await expect(news).to_be_visible()

    await page.get_by_label("Greeting").fill("Good evening.")
    await page.get_by_role("button", name="Save", exact=True).click()

    await expect(page.get_by_role("status").get_by_text("Saved")).to_be_visible()
    await expect(news).to_be_visible()


async def test_a_dialog_whose_answer_is_shown_once_stays_until_it_is_there(visit: Visit) -> None:
    """Closed meanwhile, it made an invitation whose link nobody had seen."""
    owner = await visit()
    page = owner.page
    held = await Held.of(owner, "POST", "**/invitations")
    await owner.open("/members/")
    await page.get_by_role("button", name="Invite").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("E-mail address").fill("patient@harbor-dental.example")
    await dialog.get_by_role("button", name="Invite").click()

    await expect(dialog.get_by_role("button", name="Cancel")).to_be_disabled()
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    held.let_go.set()

    await expect(dialog.get_by_role("textbox")).to_have_value(re.compile("/invitation/"))
    made = (await api_call(owner, "GET", "/invitations"))["items"]
    invitation = next(each["id"] for each in made if each["email"] == "patient@harbor-dental.example")
    await api_call(owner, "DELETE", f"/invitations/{invitation}")
