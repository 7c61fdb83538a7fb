"""Editing one agent: everything it has, errors, two people at once, and what is written down about it."""

import re
from pathlib import Path

from playwright.async_api import Dialog, Page, expect

from tests.browser.chromium import browser_test
from tests.browser.conftest import Visit
from tests.browser.keyboard import tab_to
from tests.browser.microphone import microphone
from tests.browser.visitor import Visitor

pytestmark = browser_test

FRONT_DESK = "/agents/edit/?id=front-desk"


async def new_agent(visitor: Visitor, name: str) -> None:
    """An agent of the test's own, open in the editor."""
    await visitor.open("/agents/")
    page = visitor.page
    await page.get_by_role("button", name="New agent").first.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill(name)
    await dialog.get_by_label("What should it do?").fill("Answer kindly.")
    await dialog.get_by_role("button", name="New agent").click()
    await page.get_by_role("link", name=name, exact=True).click()
    await expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()


async def save(page: Page) -> None:
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_role("button", name="Discard")).to_be_hidden()


async def test_every_field_is_saved_and_there_again_after_a_reload(visit: Visit) -> None:
    editor = await visit("editor")
    page = editor.page
    await new_agent(editor, "All fields")

    await page.get_by_label("Answers calls").uncheck()
    await page.get_by_label("Greeting").fill("Good day, how may I help?")
    await page.get_by_label("Says that it is an AI").uncheck()
    await page.get_by_label("Language", exact=True).first.select_option("de-DE")
    await page.get_by_label("Time zone").select_option("Europe/Berlin")
    await page.get_by_label("Callers then").select_option("voicemail")
    await page.get_by_label("What they hear before the tone").fill("Please speak.")
    await page.get_by_label("Longest message, in seconds").fill("45")
    await page.get_by_label("Longest call, in minutes").fill("7.5")
    await page.get_by_label("Seconds of silence before").fill("9")
    await page.get_by_label("Seconds after that").fill("11")
    await page.get_by_label("Spoken words in technical logs").check()
    await expect(page.get_by_text("10 unsaved changes")).to_be_visible()
    await save(page)
    await page.reload()
    await editor.is_at_page()

    await expect(page.get_by_label("Answers calls")).not_to_be_checked()
    await expect(page.get_by_label("Greeting")).to_have_value("Good day, how may I help?")
    await expect(page.get_by_label("Says that it is an AI")).not_to_be_checked()
    await expect(page.get_by_text("Callers hear: “Good day, how may I help?”")).to_be_visible()
    await expect(page.get_by_label("Time zone")).to_have_value("Europe/Berlin")
    await expect(page.get_by_label("What they hear before the tone")).to_have_value("Please speak.")
    await expect(page.get_by_label("Longest message, in seconds")).to_have_value("45")
    await expect(page.get_by_label("Longest call, in minutes")).to_have_value("7.5")
    await expect(page.get_by_label("Seconds of silence before")).to_have_value("9")
    await expect(page.get_by_label("Seconds after that")).to_have_value("11")
    await expect(page.get_by_label("Spoken words in technical logs")).to_be_checked()


async def test_hours_are_entered_for_one_day_and_copied_to_others(visit: Visit) -> None:
    editor = await visit("editor")
    page = editor.page
    await new_agent(editor, "Opening hours")

    await page.get_by_label("Around the clock").uncheck()
    await page.get_by_label("Monday: closes").fill("12:00")
    await page.get_by_role("button", name="Add hours on Monday").click()
    await page.get_by_label("Monday: closes").nth(1).fill("12:30")
    await expect(page.get_by_text("It has to close after it opens.")).to_be_visible()
    assert await editor.accessibility_problems() == []
    await page.get_by_label("Monday: closes").nth(1).fill("00:00")
    await page.get_by_role("button", name="Copy Monday to other days").click()
    dialog = page.get_by_role("dialog", name="Copy Monday")
    await dialog.get_by_label("Friday").uncheck()
    await dialog.get_by_label("Saturday").check()
    assert await editor.accessibility_problems() == []
    await dialog.get_by_role("button", name="Copy", exact=True).click()
    await save(page)

    await page.get_by_role("link", name="History").click()
    entry = page.get_by_role("listitem").filter(has_text="changed Opening hours")
    await expect(entry.get_by_role("insertion")).to_have_text(
        re.compile(
            r"Mon–Thu 9:00\sAM–12:00\sPM, 1:00\sPM–12:00\sAM, Fri 9:00\sAM–5:00\sPM, "
            r"and Sat 9:00\sAM–12:00\sPM, 1:00\sPM–12:00\sAM"
        )
    )


async def test_a_voice_is_heard_and_stopped_and_a_missing_sample_is_said(
    visit: Visit, tmp_path: Path
) -> None:
    editor = await visit("editor")
    page = editor.page
    sound = microphone(tmp_path / "sample.wav").read_bytes()
    headers = {"Access-Control-Allow-Origin": editor.origin, "Content-Type": "audio/wav"}
    await page.route("**/sample?*", lambda route: route.fulfill(body=sound, headers=headers))
    await editor.open(FRONT_DESK)

    await page.get_by_role("button", name="Listen to").click()
    await expect(page.locator("audio")).to_have_js_property("paused", False)
    await page.get_by_role("button", name="Stop").click()
    await expect(page.locator("audio")).to_have_count(0)

    editor.expects_complaint("404")
    no_samples = {"code": "not_found", "detail": "Voice samples are not set up in this deployment."}
    await page.route(
        "**/sample?*",
        lambda route: route.fulfill(
            status=404, json=no_samples, headers={"Access-Control-Allow-Origin": "*"}
        ),
    )
    await page.get_by_role("button", name="Listen to").click()
    await expect(page.get_by_role("alert").get_by_text("The sample could not be played.")).to_be_visible()
    await expect(page.get_by_role("button", name="Listen to")).to_be_enabled()


async def test_how_a_voice_sounds_is_said_in_the_persons_language(visit: Visit) -> None:
    editor = await visit("editor", locale="de-DE")
    await editor.open(FRONT_DESK)

    voices = editor.page.get_by_label("Stimme").get_by_role("option")

    await expect(voices.filter(has_text="Fenrir")).to_have_text("Fenrir – Begeistert")
    assert not [text for text in await voices.all_inner_texts() if " – " not in text]


async def test_what_the_api_refuses_is_said_at_the_field_which_gets_the_focus(visit: Visit) -> None:
    editor = await visit("editor")
    editor.expects_complaint("422")
    page = editor.page
    await editor.open(FRONT_DESK)

    await page.get_by_label("Callers then").select_option("forward")
    await page.get_by_label("Number").fill("030 1234")
    await page.get_by_role("button", name="Save", exact=True).click()

    number = page.get_by_label("Number")
    await expect(number).to_be_focused()
    await expect(number).to_have_attribute("aria-invalid", "true")
    await expect(number).to_have_accessible_description(re.compile("does not have the form that is expected"))
    assert await editor.accessibility_problems() == []


async def a_conflict(visit: Visit, name: str) -> tuple[Visitor, Visitor]:
    """Two who have a new agent open; the first one's save comes after the second one's."""
    first, second = await visit("editor"), await visit("owner")
    first.expects_complaint("412")
    await new_agent(first, name)
    await second.open(first.page.url.removeprefix(first.origin))
    await second.page.get_by_label("Greeting").fill("Theirs.")
    await second.page.get_by_label("Time zone").select_option("Europe/Paris")
    await save(second.page)
    await first.page.get_by_label("Greeting").fill("Mine.")
    await first.page.get_by_label("Name").fill(f"{name}, mine")
    await first.page.get_by_role("button", name="Save", exact=True).click()
    return first, second


async def test_two_people_who_edit_at_once_see_both_versions_and_choose(visit: Visit) -> None:
    first, second = await a_conflict(visit, "Shared desk")
    page = first.page

    dialog = page.get_by_role("dialog", name="Somebody else changed this agent meanwhile")
    greeting, name = dialog.get_by_role("group", name="Greeting"), dialog.get_by_role("group", name="Name")
    await expect(greeting.get_by_label("Yours")).to_be_checked()
    await expect(greeting).to_contain_text("Mine.")
    await expect(greeting).to_contain_text("Theirs.")
    await expect(name.get_by_label("Yours")).to_be_checked()
    zone = dialog.get_by_role("group", name="Time zone")
    await expect(zone.get_by_label("Theirs")).to_be_checked()
    assert await first.accessibility_problems() == []
    await first.picture("agent-conflict")
    await greeting.get_by_label("Theirs").check()
    await dialog.get_by_role("button", name="Save what is chosen").click()

    await expect(dialog).to_be_hidden()
    await expect(page.get_by_label("Greeting")).to_have_value("Theirs.")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Shared desk, mine")
    await expect(page.get_by_label("Time zone")).to_have_value("Europe/Paris")
    await second.page.reload()
    await second.is_at_page()
    await expect(second.page.get_by_label("Greeting")).to_have_value("Theirs.")
    await expect(second.page.get_by_label("Name")).to_have_value("Shared desk, mine")


async def test_in_a_conflict_all_of_the_other_version_can_be_taken(visit: Visit) -> None:
    first, _ = await a_conflict(visit, "Other desk")
    page = first.page
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="All theirs").click()
    await dialog.get_by_role("button", name="Save what is chosen").click()

    await expect(page.get_by_label("Greeting")).to_have_value("Theirs.")
    await expect(page.get_by_label("Name")).to_have_value("Other desk")
    await expect(page.get_by_role("button", name="Discard")).to_be_hidden()


async def test_leaving_with_unsaved_changes_asks_first(visit: Visit) -> None:
    editor = await visit("editor")
    page = editor.page
    await editor.open(FRONT_DESK)
    asked: list[str] = []

    async def stay(dialog: Dialog) -> None:
        asked.append(dialog.message)
        await dialog.dismiss()

    page.on("dialog", stay)
    await page.get_by_label("Greeting").fill("Not saved.")
    await page.get_by_role("link", name="Agents").click()

    assert asked == ["This agent has changes that are not saved. Leave without saving?"]
    await expect(page.get_by_label("Greeting")).to_have_value("Not saved.")
    await page.get_by_role("button", name="Discard").click()
    await page.get_by_role("link", name="Agents").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Agents")
    assert len(asked) == 1


async def test_going_back_in_the_browser_with_unsaved_changes_asks_first(visit: Visit) -> None:
    editor = await visit("editor")
    page = editor.page
    await new_agent(editor, "Back and forth")  # by links: the page before this one is one of the dashboard
    address = page.url
    asked: list[str] = []
    leave = False

    async def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        await (dialog.accept() if leave else dialog.dismiss())

    page.on("dialog", answer)
    await page.get_by_label("Greeting").fill("Not saved.")
    for times in (1, 2):
        async with page.expect_event("dialog"):
            await page.evaluate("history.back()")
        await page.wait_for_function("address => location.href === address", arg=address)
        await expect(page.get_by_label("Greeting")).to_have_value("Not saved.")
        assert len(asked) == times
    leave = True
    await page.evaluate("history.back()")

    await expect(page.get_by_role("heading", level=1)).to_have_text("Agents")
    assert asked == ["This agent has changes that are not saved. Leave without saving?"] * 3
    await page.go_forward()
    await expect(page.get_by_label("Greeting")).to_have_value("Hello, how can I help you?")
    await page.go_back()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Agents")
    assert len(asked) == 3


async def test_the_history_says_who_changed_what(visit: Visit) -> None:
    editor = await visit("editor")
    page = editor.page
    await new_agent(editor, "History desk")
    await page.get_by_label("Greeting").fill("A new greeting.")
    await page.get_by_label("Answers calls").uncheck()
    await save(page)

    await page.get_by_role("link", name="History").click()

    entry = page.get_by_role("listitem").filter(has_text="desk@harbor-dental.example changed")
    await expect(entry.get_by_role("heading")).to_contain_text("Answers calls and Greeting")
    await expect(entry.get_by_role("deletion").nth(0)).to_contain_text("Yes")
    await expect(entry.get_by_role("insertion").nth(0)).to_contain_text("No")
    await expect(entry.get_by_role("insertion").nth(1)).to_contain_text("A new greeting.")
    await expect(page.get_by_text("desk@harbor-dental.example made this agent")).to_be_visible()
    assert await editor.accessibility_problems() == []
    await editor.picture("agent-history")


async def test_the_editor_works_by_keyboard_alone(visit: Visit) -> None:
    editor = await visit("editor")
    page = editor.page
    await new_agent(editor, "Keyboard desk")
    keyboard = page.keyboard

    await page.locator("body").click(position={"x": 1, "y": 1})
    await tab_to(page, "Answers calls")
    await keyboard.press("Space")
    await tab_to(page, "Greeting")
    await keyboard.press("Control+A")
    await keyboard.type("Typed alone.")
    await tab_to(page, "Around the clock")
    await keyboard.press("Space")
    await tab_to(page, "Copy Monday to other days")
    await keyboard.press("Enter")
    await expect(page.get_by_role("dialog", name="Copy Monday")).to_be_visible()
    await keyboard.press("Escape")
    await expect(page.get_by_role("dialog", name="Copy Monday")).to_be_hidden()
    assert await page.locator(":focus").get_attribute("aria-label") == "Copy Monday to other days"
    await tab_to(page, "Callers then")
    await keyboard.press("End")
    await tab_to(page, "Save")
    await keyboard.press("Enter")

    await expect(page.get_by_role("button", name="Discard")).to_be_hidden()
    await page.reload()
    await editor.is_at_page()
    await expect(page.get_by_label("Answers calls")).not_to_be_checked()
    await expect(page.get_by_label("Greeting")).to_have_value("Typed alone.")
    await expect(page.get_by_label("Callers then")).to_have_value("say")
    await expect(page.get_by_label("Around the clock")).not_to_be_checked()


async def test_a_viewer_reads_all_and_changes_nothing(visit: Visit) -> None:
    viewer = await visit("viewer")
    page = viewer.page
    await viewer.open(FRONT_DESK)

    await expect(page.get_by_label("Greeting")).to_be_disabled()
    await expect(page.get_by_role("button", name="Delete")).to_have_count(0)
    assert await viewer.accessibility_problems() == []
    await page.get_by_role("link", name="History").click()
    await expect(page.get_by_role("heading", name="You do not have access to this")).to_be_visible()
    assert await viewer.accessibility_problems() == []


async def test_an_agent_is_duplicated_and_deleted_from_its_page(visit: Visit) -> None:
    editor = await visit("editor")
    page = editor.page
    await new_agent(editor, "Short-lived")

    await page.get_by_role("button", name="Delete").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()

    await expect(page.get_by_role("heading", level=1)).to_have_text("Agents")
    await expect(page.get_by_role("link", name="Short-lived")).to_have_count(0)


async def test_an_agent_that_does_not_exist_has_a_page_that_says_so(visit: Visit) -> None:
    editor = await visit("editor")
    editor.expects_complaint("404")

    await editor.open("/agents/edit/?id=nobody")

    await expect(editor.page.get_by_role("heading", name="This is not here any more")).to_be_visible()
    assert await editor.accessibility_problems() == []


async def test_the_editor_is_accessible_in_light_and_dark(visit: Visit) -> None:
    editor = await visit("editor")
    await editor.open(FRONT_DESK)

    assert await editor.accessibility_problems() == []
    await editor.picture("agent")


async def test_on_a_phone_the_editor_fits_and_saves(visit: Visit) -> None:
    editor = await visit("editor", viewport={"width": 390, "height": 844})
    page = editor.page
    await editor.open(FRONT_DESK)
    await page.get_by_label("Around the clock").uncheck()

    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await expect(page.get_by_role("button", name="Save", exact=True)).to_be_in_viewport()
    assert await editor.accessibility_problems() == []
    await editor.picture("agent-phone")


async def test_the_editor_speaks_german(visit: Visit) -> None:
    editor = await visit("editor", locale="de-DE")
    page = editor.page
    await editor.open(FRONT_DESK)

    await expect(page.get_by_label("Begrüßung")).to_have_value(
        "Hello, this is Harbor Dental. How can I help you?"
    )
    await page.get_by_label("Rund um die Uhr").uncheck()
    await expect(page.get_by_text("Donnerstag")).to_be_visible()
    assert await editor.accessibility_problems() == []
