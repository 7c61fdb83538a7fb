"""The list of agents: the pattern that the other pages follow."""

from playwright.async_api import expect

from tests.browser.chromium import browser_test
from tests.browser.conftest import Visit

pytestmark = browser_test


async def test_an_agent_is_made_duplicated_and_deleted(visit: Visit) -> None:
    editor = await visit("editor")
    await editor.open("/agents/")
    page = editor.page
    await page.get_by_role("button", name="New agent").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("Weekend desk")
    await dialog.get_by_label("What should it do?").fill("Answer on Saturdays.")
    assert await editor.accessibility_problems() == []
    await dialog.get_by_role("button", name="New agent").click()
    await expect(page.get_by_role("status").get_by_text("Weekend desk has been made.")).to_be_visible()

    actions = page.get_by_role("group", name="Actions for Weekend desk", exact=True)
    await actions.get_by_role("button", name="Duplicate").click()
    await dialog.get_by_role("button", name="Duplicate").click()
    await expect(page.get_by_role("heading", name="Weekend desk (copy)")).to_be_visible()

    copies = page.get_by_role("group", name="Actions for Weekend desk (copy)")
    await copies.get_by_role("button", name="Delete").click()
    await dialog.get_by_role("button", name="Delete").click()
    await expect(page.get_by_role("heading", name="Weekend desk (copy)", exact=True)).to_be_hidden()
    await expect(page.get_by_role("heading", name="Weekend desk", exact=True)).to_be_visible()


async def test_an_agent_that_answers_a_number_is_not_deleted_and_it_is_said_why(visit: Visit) -> None:
    owner = await visit()
    await owner.open("/agents/")
    owner.expects_complaint("409")
    actions = owner.page.get_by_role("group", name="Actions for Front desk", exact=True)
    await actions.get_by_role("button", name="Delete").click()
    dialog = owner.page.get_by_role("dialog")

    await dialog.get_by_role("button", name="Delete").click()

    await expect(dialog.get_by_role("alert")).to_contain_text("still answers +14155550100.")
    await dialog.get_by_role("link", name="Numbers").click()
    await expect(owner.page.get_by_role("heading", level=1)).to_have_text("Numbers")


async def test_a_viewer_sees_the_agents_and_no_buttons_that_would_be_refused(visit: Visit) -> None:
    viewer = await visit("viewer")
    await viewer.open("/agents/")

    await expect(viewer.page.get_by_role("heading", name="Front desk", exact=True)).to_be_visible()
    await expect(viewer.page.get_by_role("button", name="New agent")).to_have_count(0)
    await expect(viewer.page.get_by_role("button", name="Delete")).to_have_count(0)


async def test_a_search_is_in_the_address_and_says_when_nothing_matches(visit: Visit) -> None:
    owner = await visit()
    await owner.open("/agents/")

    await owner.page.get_by_label("Search agents").fill("nobody")

    await expect(owner.page.get_by_role("heading", name="No agent is called that")).to_be_visible()
    assert owner.page.url.endswith("?q=nobody")
    assert await owner.accessibility_problems() == []


async def test_the_list_is_accessible_in_light_and_dark(visit: Visit) -> None:
    owner = await visit()
    await owner.open("/agents/")

    assert await owner.accessibility_problems() == []


async def test_on_a_phone_nothing_is_cut_off_and_the_menu_opens(visit: Visit) -> None:
    owner = await visit(viewport={"width": 390, "height": 844})
    await owner.open("/agents/")
    page = owner.page
    await expect(page.get_by_role("link", name="Agents")).to_be_hidden()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    await page.get_by_role("button", name="Open menu").click()

    await expect(page.get_by_role("link", name="Agents")).to_be_visible()
    assert await owner.accessibility_problems() == []
    await owner.picture("agents-phone")


async def test_the_language_that_was_chosen_stays(visit: Visit) -> None:
    owner = await visit()
    await owner.open("/agents/")

    await owner.page.get_by_label("Language").select_option("de")
    await expect(owner.page.get_by_role("heading", level=1)).to_have_text("Agenten")
    await owner.page.reload()

    await expect(owner.page.get_by_role("heading", level=1)).to_have_text("Agenten")
    assert await owner.page.locator("html").get_attribute("lang") == "de"


async def test_a_browser_that_prefers_german_gets_german(visit: Visit) -> None:
    owner = await visit(locale="de-DE")
    await owner.open("/agents/")

    await expect(owner.page.get_by_role("heading", level=1)).to_have_text("Agenten")


async def test_what_does_not_exist_has_a_page_of_its_own(visit: Visit) -> None:
    somebody = await visit(None)
    somebody.expects_complaint("404")

    answer = await somebody.page.goto(somebody.origin + "/nowhere/")

    assert answer is not None
    assert answer.status == 404
    await expect(somebody.page.get_by_text("There is no such page")).to_be_visible()


async def test_offline_is_said_while_it_lasts(visit: Visit) -> None:
    owner = await visit()
    await owner.open("/agents/")

    owner.expects_complaint("ERR_INTERNET_DISCONNECTED")  # of pages that were to be fetched ahead
    await owner.context.set_offline(True)
    await expect(owner.page.get_by_text("You are offline.")).to_be_visible()

    await owner.context.set_offline(False)
    await expect(owner.page.get_by_text("You are offline.")).to_be_hidden()
