"""A tool's settings: a form that the catalogue draws, also of a tool that only a registry knows."""

import asyncio
import re
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest_asyncio
from playwright.async_api import Locator, Page, Response, Route, expect

from local.cloud import Cloud
from local.free_port import free_port
from tests.browser.chromium import browser_test
from tests.browser.conftest import Visit
from tests.browser.loyalty_tool import SLUG
from tests.browser.people import PAGE, an_agent, api_call
from tests.browser.visitor import Visitor
from tests.processes import accepting

pytestmark = browser_test

ROOT = Path(__file__).parents[2]
KEY = "key-that-nobody-reads-back"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def more_tools(cloud: Cloud) -> AsyncGenerator[str]:
    """Where an API listens whose registry has a tool more."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.browser.loyalty_tool", "--port", str(port)),
        cwd=ROOT,
        env=cloud.environment.tools_api() | {"PYTHONPATH": str(ROOT), "PATH": ""},
    )
    try:
        await accepting(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def with_more_tools(visitor: Visitor, url: str) -> None:
    """What the browser asks the API is answered by that other one."""

    async def redirect(route: Route) -> None:
        path = route.request.url.removeprefix(visitor.cloud.ports.url("tools_api"))
        await route.continue_(url=url + path)

    await visitor.context.route(visitor.cloud.ports.url("tools_api") + "/**", redirect)


async def fill_in(page: Page) -> None:
    await page.get_by_label("Programme").fill("harbor-club")
    await page.get_by_label("API key").fill(KEY)
    await page.get_by_label("Contact's name").fill("Kim")


def group(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name=name, exact=True)


async def test_a_tool_that_is_only_in_the_registry_has_a_form_that_saves(
    visit: Visit, more_tools: str
) -> None:
    owner = await visit()
    await with_more_tools(owner, more_tools)
    agent = await an_agent(owner, "Loyal desk")
    page = owner.page
    await owner.open(PAGE.format(agent=agent))
    await page.get_by_role("link", name="Set up Loyalty points").click()
    await expect(page.get_by_label("Programme")).to_be_visible()
    assert await owner.accessibility_problems() == []

    await fill_in(page)
    await page.get_by_label("Points for a visit").fill("25")
    await page.get_by_label("Birthday factor").fill("2.5")
    await page.get_by_label("Tier of new members").select_option("gold")
    await page.get_by_label("Welcome new members").uncheck()
    await page.get_by_label("Terms").fill("None.\nReally.")
    await page.get_by_label("letter").check()
    await page.get_by_label("Contact's e-mail").fill(" kim@example.com ")
    await page.get_by_role("button", name="Add to “Rewards”").click()
    await page.get_by_label("Reward", exact=True).fill("Toothbrush")
    await page.get_by_label("Points needed").fill("50")
    await page.get_by_role("button", name="Add to “Double points”").click()
    await page.get_by_label("Weekday").select_option("Friday")
    await page.get_by_label("Opens").fill("09:00")
    await page.get_by_label("Closes").fill("17:30")
    await page.get_by_role("button", name="Add to “Also called”").click()
    await group(page, "Also called").get_by_role("textbox").fill("The club")
    await page.get_by_label("For joining").select_option("Gift")
    await page.get_by_label("What is given").fill("A mug")
    await owner.picture("tool-settings")
    await page.get_by_role("button", name="Save and turn on").click()

    await expect(page.get_by_text("The settings of Loyalty points are saved.")).to_be_visible()
    await expect(page.get_by_text("Ready", exact=True)).to_be_visible()
    tool = await api_call(owner, "GET", f"/agents/{agent}/tools/{SLUG}", origin=more_tools)
    assert tool["enabled"] is True
    assert tool["config"] == {
        "programme": "harbor-club",
        "points_per_visit": 25,
        "factor": 2.5,
        "tier": "gold",
        "welcome": False,
        "terms": "None.\nReally.",
        "channels": ["letter"],
        "contact": {"name": "Kim", "email": "kim@example.com"},
        "rewards": [{"title": "Toothbrush", "points": 50}],
        "double_points": [{"weekday": 4, "opens": "09:00", "closes": "17:30"}],
        "aliases": ["The club"],
        "joining": {"gift": "A mug"},
    }
    assert await owner.accessibility_problems() == []


async def test_a_secret_is_set_replaced_and_removed_and_never_comes_back(
    visit: Visit, more_tools: str
) -> None:
    owner = await visit()
    await with_more_tools(owner, more_tools)
    agent = await an_agent(owner, "Secret desk")
    page, heard, sent = owner.page, list[asyncio.Task[str]](), list[Any]()

    def hear(response: Response) -> None:
        if "/api/v1/" in response.url and response.request.method != "OPTIONS":
            heard.append(asyncio.create_task(response.text()))

    page.on("response", hear)
    page.on("request", lambda request: sent.append(request.post_data) if request.method == "PATCH" else None)
    await owner.open(PAGE.format(agent=agent) + f"&tool={SLUG}")
    await fill_in(page)
    await page.get_by_label("PIN").fill("8421")
    await page.get_by_role("button", name="Save and turn on").click()
    await expect(group(page, "API key").get_by_text("Set since")).to_be_visible()
    await page.reload()
    await expect(group(page, "API key").get_by_text("Set since")).to_be_visible()
    assert await owner.accessibility_problems() == []

    await page.get_by_label("Programme").fill("harbor-guild")
    await page.get_by_role("button", name="Save settings").click()
    await expect(page.get_by_text("The settings of Loyalty points are saved.")).to_be_visible()
    assert "api_key" not in sent[-1]
    assert "pin" not in sent[-1]

    # What a tool cannot do without may be replaced only.
    await expect(group(page, "API key").get_by_role("button", name="Remove")).to_have_count(0)
    await group(page, "API key").get_by_role("button", name="Replace").click()
    await expect(page.get_by_label("API key")).to_have_value("")
    await page.get_by_label("API key").fill("another-key")
    await group(page, "PIN").get_by_role("button", name="Remove").click()
    await page.get_by_role("button", name="Save settings").click()
    await expect(group(page, "PIN")).to_have_count(0)
    await expect(page.get_by_label("PIN")).to_have_value("")

    tool = await api_call(owner, "GET", f"/agents/{agent}/tools/{SLUG}", origin=more_tools)
    assert (tool["secrets"]["api_key"]["set"], tool["secrets"]["pin"]["set"]) == (True, False)
    page.remove_listener("response", hear)
    # What was on its way when the page was left cannot be read any more.
    texts = [text for text in await asyncio.gather(*heard, return_exceptions=True) if isinstance(text, str)]
    assert texts
    assert not any(secret in text for text in texts for secret in (KEY, "8421", "another-key"))


async def test_mistakes_are_told_at_their_field_by_the_form_and_by_the_api(
    visit: Visit, more_tools: str
) -> None:
    owner = await visit()
    owner.expects_complaint("422")
    await with_more_tools(owner, more_tools)
    agent = await an_agent(owner, "Mistaken desk")
    page = owner.page
    await owner.open(PAGE.format(agent=agent) + f"&tool={SLUG}")
    await page.get_by_label("Points for a visit").fill("700")
    await page.get_by_role("button", name="Save and turn on").click()

    programme = page.get_by_label("Programme")
    await expect(programme).to_have_accessible_description(re.compile("Enter something here."))
    await expect(programme).to_be_focused()
    await expect(page.get_by_label("Points for a visit")).to_have_accessible_description("At most 100.")
    assert await owner.accessibility_problems() == []

    # What only the API knows: a day closes after it opens.
    await fill_in(page)
    await page.get_by_label("Points for a visit").fill("70")
    await page.get_by_label("Contact's e-mail").fill("kim@example")
    await page.get_by_role("button", name="Save and turn on").click()
    email = page.get_by_label("Contact's e-mail")
    await expect(email).to_have_accessible_description(re.compile("does not have the form"))
    await email.fill("kim@example.com")
    await api_refuses(owner, more_tools, "config.rewards", "This programme has no rewards.")
    await page.get_by_role("button", name="Save and turn on").click()
    await expect(group(page, "Rewards").get_by_role("alert")).to_have_text("This programme has no rewards.")
    await expect(programme).to_have_value("harbor-club")


async def api_refuses(owner: Visitor, url: str, field: str, message: str) -> None:
    problem = {
        "type": "about:blank",
        "title": "Invalid",
        "status": 422,
        "code": "invalid_fields",
        "detail": "Some fields are not valid.",
        "errors": [{"field": field, "message": message}],
    }

    async def refuse(route: Route) -> None:
        if route.request.method != "PATCH":
            await route.fallback()
            return
        headers = {"Access-Control-Allow-Origin": owner.origin}
        await route.fulfill(status=422, json=problem, headers=headers)

    await owner.context.route(f"**/tools/{SLUG}", refuse)


async def test_two_people_at_once_see_both_versions_and_decide(visit: Visit, more_tools: str) -> None:
    owner = await visit()
    owner.expects_complaint("412")
    await with_more_tools(owner, more_tools)
    agent = await an_agent(owner, "Busy desk")
    page = owner.page
    await owner.open(PAGE.format(agent=agent) + f"&tool={SLUG}")
    await fill_in(page)
    await page.get_by_role("button", name="Save and turn on").click()
    await expect(page.get_by_text("Ready", exact=True)).to_be_visible()
    await page.get_by_label("Points for a visit").fill("30")
    path = f"/agents/{agent}/tools/{SLUG}"
    theirs = {"programme": "harbor-guild", "contact": {"name": "Kim"}, "points_per_visit": 44}
    await api_call(owner, "PATCH", path, {"config": theirs}, origin=more_tools)

    await page.get_by_role("button", name="Save settings").click()

    dialog = page.get_by_role("dialog", name="Somebody else changed these settings meanwhile")
    points = dialog.get_by_role("group", name="Points for a visit")
    await expect(points).to_contain_text("44")
    await expect(points).to_contain_text("30")
    await expect(points.get_by_label("Yours")).to_be_checked()
    await expect(dialog.get_by_role("group", name="Programme").get_by_label("Theirs")).to_be_checked()
    await expect(dialog.get_by_role("group")).to_have_count(2)  # what really differs
    await owner.picture("tool-conflict")
    assert await owner.accessibility_problems() == []
    async with page.expect_response(lambda response: response.request.method == "PATCH") as saved:
        await dialog.get_by_role("button", name="Save what is chosen").click()
    assert (await saved.value).status == 200
    await expect(page.get_by_role("button", name="Cancel")).to_be_hidden()  # nothing is left to be saved
    config = (await api_call(owner, "GET", path, origin=more_tools))["config"]
    assert (config["points_per_visit"], config["programme"]) == (30, "harbor-guild")

    await page.get_by_label("Points for a visit").fill("31")
    await api_call(owner, "PATCH", path, {"config": theirs}, origin=more_tools)
    await page.get_by_role("button", name="Save settings").click()
    await points.get_by_label("Theirs").check()
    await dialog.get_by_role("button", name="Save what is chosen").click()
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_label("Points for a visit")).to_have_value("44")


async def test_what_is_typed_while_settings_are_being_saved_stays(visit: Visit, more_tools: str) -> None:
    owner = await visit()
    await with_more_tools(owner, more_tools)
    agent = await an_agent(owner, "Hasty desk")
    page = owner.page
    await owner.open(PAGE.format(agent=agent) + f"&tool={SLUG}")
    await fill_in(page)
    asked, typed = asyncio.Event(), asyncio.Event()

    async def slowly(route: Route) -> None:
        if route.request.method == "PATCH":
            asked.set()
            await typed.wait()
        await route.fallback()

    await page.route(f"**/agents/{agent}/tools/{SLUG}", slowly)
    await page.get_by_role("button", name="Save and turn on").click()
    await asked.wait()
    await page.get_by_label("Points for a visit").fill("31")
    typed.set()

    await expect(page.get_by_text("Ready", exact=True)).to_be_visible()
    await expect(page.get_by_label("Points for a visit")).to_have_value("31")
    await page.get_by_role("button", name="Save settings").click()
    await expect(page.get_by_role("button", name="Cancel")).to_be_hidden()  # nothing is left to be saved
    path = f"/agents/{agent}/tools/{SLUG}"
    config = (await api_call(owner, "GET", path, origin=more_tools))["config"]
    assert config["points_per_visit"] == 31


async def test_a_form_works_by_keyboard_alone_on_a_phone_and_in_german(visit: Visit, more_tools: str) -> None:
    owner = await visit(locale="de-DE", viewport={"width": 390, "height": 844})
    await with_more_tools(owner, more_tools)
    agent = await an_agent(owner, "Nachtdienst")
    page = owner.page
    await owner.open(PAGE.format(agent=agent))
    await expect(page.get_by_role("heading", level=1)).to_have_text("Werkzeuge von Nachtdienst")
    link = page.get_by_role("link", name="Einrichten Loyalty points")
    await link.focus()
    await page.keyboard.press("Enter")
    await page.get_by_label("Programme").focus()
    await page.keyboard.type("harbor-club")
    await page.keyboard.press("Tab")
    await page.keyboard.type(KEY)
    await page.get_by_label("Contact's name").focus()
    await page.keyboard.type("Kim")
    await page.get_by_role("button", name="Zu „Double points“ hinzufügen").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Weekday").get_by_role("option", name="Freitag")).to_have_count(1)
    await page.get_by_role("button", name="Eintrag 1 entfernen").focus()
    await page.keyboard.press("Space")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await owner.picture("tool-settings-phone")
    assert await owner.accessibility_problems() == []
    await page.get_by_label("Programme").focus()
    await page.keyboard.press("Enter")

    await expect(page.get_by_text("Die Einstellungen von Loyalty points sind gespeichert.")).to_be_visible()


async def test_tools_are_described_in_the_persons_language_and_those_without_it_in_english(
    visit: Visit, more_tools: str
) -> None:
    """All of them were in English, whatever the page was in."""
    owner = await visit(locale="de-DE")
    await with_more_tools(owner, more_tools)
    agent = await an_agent(owner, "Empfang")
    page = owner.page
    await owner.open(PAGE.format(agent=agent))
    cards = page.get_by_role("main").get_by_role("listitem")
    await expect(cards.get_by_role("heading", name="Google Kalender")).to_have_attribute("lang", "de")
    await expect(cards.get_by_role("heading", name="Loyalty points")).to_have_attribute("lang", "en")

    await owner.open(PAGE.format(agent=agent) + "&tool=google_calendar")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Google Kalender")
    await expect(page.get_by_text("Nennt, was in einem Zeitraum im Kalender steht.")).to_be_visible()
    await expect(page.get_by_label("Kürzeste Vorlaufzeit (Minuten)")).to_be_visible()
    await expect(page.get_by_text("Termine in allen Kalendern des Kontos zu sehen")).to_be_visible()
    told = page.get_by_label("Gästen Änderungen per E-Mail mitteilen")
    await expect(told).to_have_text(re.compile("^Allen GästenNur Gästen, die .* nicht nutzenNiemandem$"))
    await told.select_option(label="Niemandem")
    await page.get_by_role("button", name="Einstellungen speichern").click()
    await expect(page.get_by_role("status").get_by_text("sind gespeichert")).to_be_visible()
    stored = await api_call(owner, "GET", f"/agents/{agent}/tools/google_calendar")
    assert stored["config"]["send_updates"] == "none"
    assert await owner.accessibility_problems() == []


async def test_a_viewer_sees_the_settings_and_changes_none(visit: Visit) -> None:
    viewer = await visit("viewer")
    await viewer.open("/agents/tools/?id=front-desk&tool=send_email")

    await expect(viewer.page.get_by_label("Sender")).to_be_disabled()
    await expect(
        viewer.page.get_by_role("button", name=re.compile("Save|Turn|Remove|Replace"))
    ).to_have_count(0)
    assert await viewer.accessibility_problems() == []


async def test_what_was_entered_is_not_lost_by_following_a_link(visit: Visit) -> None:
    owner = await visit()
    await owner.open("/agents/tools/?id=front-desk&tool=send_email")
    await owner.page.get_by_label("Subject begins with").fill("[desk]")
    owner.page.once("dialog", lambda dialog: dialog.dismiss())

    await owner.page.get_by_role("link", name="Tools of").click()

    await expect(owner.page.get_by_label("Subject begins with")).to_have_value("[desk]")
