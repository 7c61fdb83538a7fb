"""From a business to an agent that is heard and has a number; and the start page once there is one."""

import re
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest_asyncio
from aiohttp import ClientSession
from playwright.async_api import Route, expect

from local.cloud import Cloud
from local.scenario import Scenario
from shared.input_files import load_yaml
from tests.browser.chromium import browser_test
from tests.browser.conftest import ROOT, Visit
from tests.browser.microphone import HEARD, speaking_editor
from tests.browser.people import an_agent
from tests.browser.visitor import Visitor

pytestmark = browser_test

MARK = "+14155550177"
"""In the business's name, so in the drafted instructions: by it the scripted model knows its scenario."""
BUSINESS = f"Riverside Dental {MARK}"


@pytest_asyncio.fixture(loop_scope="session")
async def newcomer(cloud: Cloud, tmp_path: Path) -> AsyncGenerator[Visitor]:
    """An editor with a microphone that says goodbye in the end."""
    scenario = load_yaml(ROOT / "local" / "scenarios" / "book-a-slot.yaml", Scenario)
    said = scenario.model_copy(update={"turns": [scenario.turns[-1]]})
    scripted = {"caller": MARK, "scenario": said.model_dump(mode="json")}
    async with ClientSession(raise_for_status=True) as http:
        await http.post(f"{cloud.ports.url('gemini_control')}/_local/scenarios", json=scripted)
    async with speaking_editor(cloud, tmp_path / "microphone.wav") as editor:
        yield editor


async def test_the_first_run_leads_from_a_business_to_a_heard_answer(newcomer: Visitor) -> None:
    page = newcomer.page
    await newcomer.open("/start/")
    await page.get_by_label("Name of the business").fill(BUSINESS)
    await page.get_by_label("Dental practice").check()
    assert await newcomer.accessibility_problems() == []
    await newcomer.picture("start-business")
    await page.get_by_role("button", name="Next").click()

    await expect(page.get_by_label("Greeting")).to_have_value(
        f"Hello, this is {BUSINESS}. How can I help you?"
    )
    await expect(page.get_by_label("Instructions")).to_have_value(
        re.compile(f"^You answer the phone of {re.escape(BUSINESS)}, a dental practice.")
    )
    await page.get_by_label("Greeting").fill("Hello, this is Riverside Dental. How can I help you?")
    assert await newcomer.accessibility_problems() == []
    await newcomer.picture("start-agent")
    await page.reload()
    await newcomer.is_at_page()
    await expect(page.get_by_label("Greeting")).to_have_value(
        "Hello, this is Riverside Dental. How can I help you?"
    )
    await page.get_by_role("button", name="Make this agent").click()

    await expect(page.get_by_role("heading", level=2, name="Tools")).to_be_visible()
    assert await newcomer.accessibility_problems() == []
    await newcomer.picture("start-tools")
    await page.reload()
    await newcomer.is_at_page()
    await page.get_by_role("link", name="Try it").click()
    await page.get_by_role("button", name="Call", exact=True).click()
    await expect(page.get_by_role("status").get_by_text("Connected")).to_be_visible()
    assert await page.evaluate(HEARD, 20) > 0.01
    await newcomer.picture("start-call")
    await page.get_by_role("button", name="Hang up").click()
    await expect(page.get_by_text("has been heard")).to_be_visible(timeout=30_000)

    await page.get_by_role("link", name="Next").click()
    await expect(page.get_by_role("heading", level=2, name="Phone number")).to_be_visible()
    assert await newcomer.accessibility_problems() == []
    await newcomer.picture("start-number")


async def test_what_was_said_of_the_business_is_there_again_after_a_reload(visit: Visit) -> None:
    editor = await visit("editor")
    page = editor.page
    await editor.open("/start/")
    await page.get_by_label("Name of the business").fill("Corner Shop")
    await page.get_by_label("Shop", exact=True).check()
    await page.get_by_label("Around the clock").check()
    await page.reload()
    await editor.is_at_page()

    await expect(page.get_by_label("Name of the business")).to_have_value("Corner Shop")
    await expect(page.get_by_label("Shop", exact=True)).to_be_checked()
    await page.get_by_role("button", name="Next").click()
    await expect(page.get_by_label("Instructions")).to_have_value(re.compile("around the clock"))

    # Whoever comes back finds the step where they left.
    await editor.open("/agents/")
    await page.get_by_role("link", name="Set up step by step").click()
    await expect(page.get_by_label("Instructions")).to_have_value(re.compile("around the clock"))
    await page.get_by_role("navigation", name="Steps").get_by_role("link", name="Your business").click()
    await expect(page.get_by_label("Name of the business")).to_have_value("Corner Shop")


async def test_the_agent_is_drafted_in_the_language_of_its_callers(visit: Visit) -> None:
    editor = await visit("editor")
    page = editor.page
    await editor.open("/start/")
    await page.get_by_label("Name of the business").fill("Zahnärzte am Fluss")
    await page.get_by_label("Dental practice").check()
    await page.get_by_label("Language of your callers").select_option("de-DE")
    await page.get_by_role("button", name="Next").click()

    await expect(page.get_by_label("Greeting")).to_have_value(
        "Guten Tag, hier ist Zahnärzte am Fluss. Wie kann ich Ihnen helfen?"
    )


async def test_setting_up_fits_a_phone_and_speaks_german(visit: Visit) -> None:
    editor = await visit("editor", locale="de-DE", viewport={"width": 390, "height": 844})
    page = editor.page
    await editor.open("/start/")

    await expect(page.get_by_label("Zahnarztpraxis")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await editor.accessibility_problems() == []
    await editor.picture("start-phone")


async def test_a_viewer_is_told_that_setting_up_is_for_others(visit: Visit) -> None:
    viewer = await visit("viewer")
    await viewer.open("/start/")

    await expect(viewer.page.get_by_role("heading", name="You do not have access to this")).to_be_visible()
    assert await viewer.accessibility_problems() == []


async def test_the_start_page_says_what_is_set_up_and_what_is_missing(visit: Visit) -> None:
    owner = await visit()
    page = owner.page
    await owner.open("/")

    await expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    await expect(page.get_by_text("+14155550100: Front desk")).to_be_visible()
    await expect(page.get_by_role("heading", name="Last calls")).to_be_visible()
    assert await owner.accessibility_problems() == []
    await owner.picture("home")


async def test_an_empty_tenant_begins_with_setting_up(visit: Visit) -> None:
    editor = await visit("editor")
    empty = {"items": [], "next_cursor": None}
    await editor.context.route("**/agents?*", lambda route: route.fulfill(json=empty, headers=ANY_ORIGIN))
    await editor.page.goto(editor.origin + "/")

    await expect(editor.page.get_by_role("heading", name="Set up an agent")).to_be_visible()


async def test_an_agent_that_nobody_can_call_yet_is_found_again_with_the_way_on(visit: Visit) -> None:
    editor = await visit("editor")
    page = editor.page
    agent = await an_agent(editor, "Half done")

    async def keep(route: Route, wanted: Callable[[Any], bool]) -> None:
        response = await route.fetch()
        body = await response.json()
        body["items"] = [item for item in body["items"] if wanted(item)]
        await route.fulfill(response=response, json=body)

    await editor.context.route("**/agents?*", lambda route: keep(route, lambda item: item["id"] == agent))
    await editor.context.route("**/numbers?*", lambda route: keep(route, lambda item: not item["agent_id"]))
    await editor.open("/")

    await expect(page.get_by_role("heading", name="Half done is being set up")).to_be_visible()
    await expect(page.get_by_text("Next: Tools.")).to_be_visible()
    steps = page.get_by_role("navigation", name="Steps")
    await expect(steps.get_by_role("link", name="Your agent (done)")).to_be_visible()
    assert await editor.accessibility_problems() == []
    await editor.picture("home-set-up")
    await page.get_by_role("link", name="Go on with setting up").click()
    await expect(page.get_by_role("heading", level=2, name="Tools")).to_be_visible()


async def test_without_an_agent_the_list_of_agents_leads_to_setting_one_up(visit: Visit) -> None:
    editor = await visit("editor")
    empty = {"items": [], "next_cursor": None}
    await editor.context.route("**/agents?*", lambda route: route.fulfill(json=empty, headers=ANY_ORIGIN))
    await editor.open("/agents/")

    await expect(editor.page.get_by_role("heading", name="No agents yet")).to_be_visible()
    assert await editor.accessibility_problems() == []
    await editor.page.get_by_role("main").get_by_role("link", name="Set up step by step").last.click()
    await expect(editor.page.get_by_role("heading", level=1)).to_have_text("Set up an agent")


ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}
