"""Connecting a tool's account from the dashboard, on the provider's own consent page; and giving it back."""

from typing import Any
from urllib.parse import quote

import aiohttp
from playwright.async_api import Page, expect

from local.environment import OAUTH_CLIENT_ID
from tests.browser.chromium import browser_test
from tests.browser.conftest import Visit
from tests.browser.people import an_agent, api_call, buy
from tests.browser.visitor import Visitor

pytestmark = browser_test

SLUG = "google_calendar"
ACCOUNT = "frontdesk@harbor-dental.example"


async def consent_page(visitor: Visitor, button: str = "Connect Google") -> Page:
    visitor.expects_complaint("favicon.ico")  # of the provider
    async with visitor.page.expect_popup() as popup:
        await visitor.page.get_by_role("button", name=button, exact=True).click()
    window = await popup.value
    await expect(window.get_by_role("button", name="Continue")).to_be_visible()
    return window


async def asked(visitor: Visitor, name: str, button: str = "Connect Google") -> tuple[str, Page]:
    """A new agent, its calendar's page open, and the provider's page that asks for consent."""
    agent = await an_agent(visitor, name)
    await visitor.open(f"/agents/tools/?id={agent}&tool={SLUG}")
    return agent, await consent_page(visitor, button)


async def connected(visitor: Visitor) -> str:
    """A new agent whose calendar is connected, its page open."""
    agent, window = await asked(visitor, "Connected desk")
    await window.get_by_role("radio", name=ACCOUNT).check()
    await window.get_by_role("button", name="Continue").click()
    await expect(visitor.page.get_by_role("button", name="Disconnect", exact=True)).to_be_visible()
    return agent


async def stored(visitor: Visitor, agent: str) -> Any:
    return (await api_call(visitor, "GET", f"/agents/{agent}/tools/{SLUG}"))["connection"]


async def ended_by_provider(visitor: Visitor, agent: str, reason: str) -> None:
    """As the platform notes it when it is told."""
    google = visitor.cloud.ports.url("google")
    async with (
        aiohttp.ClientSession(google, raise_for_status=True) as http,
        http.delete("/_local/refresh-tokens", json={"email": ACCOUNT, "client_id": OAUTH_CLIENT_ID}),
    ):
        pass

    def end(fields: dict[str, Any]) -> tuple[dict[str, Any], list[Any]]:
        ended = fields["connection"] | {"state": "disconnected", "reason": reason}
        return fields | {"connection": ended}, []

    await visitor.cloud.database.update(f"tenants/harbor-dental/agents/{agent}/agent_tools/{SLUG}", end)


async def test_an_account_is_connected_in_a_window_of_its_own_and_disconnected(visit: Visit) -> None:
    owner = await visit()
    page = owner.page
    agent = await connected(owner)

    await expect(page.get_by_role("status").get_by_text(f"Connected to {ACCOUNT}.")).to_be_visible()
    account = page.get_by_role("region", name="Account")
    await expect(account).to_contain_text(ACCOUNT)
    await expect(account).to_contain_text("To see and change the events of all calendars of the account")
    await expect(account).to_contain_text("Since")
    await owner.picture("tool-connected")
    assert await owner.accessibility_problems() == []

    await account.get_by_role("button", name="Disconnect").click()
    dialog = page.get_by_role("dialog", name=f"Disconnect {ACCOUNT}?")
    assert await owner.accessibility_problems() == []
    await expect(dialog).to_contain_text("you can connect it again at any time")
    await expect(dialog).to_contain_text("unless another tool still uses it")
    await dialog.get_by_role("button", name="Disconnect").click()
    # The demo's own agent has the same account.
    await expect(page.get_by_role("status").get_by_text(f"{ACCOUNT} is disconnected here.")).to_be_visible()
    await expect(page.get_by_text(f"Connected to {ACCOUNT}.")).to_have_count(0)
    await expect(account.get_by_text("Disconnected", exact=True)).to_be_visible()
    await expect(account).to_contain_text("A member of your organisation disconnected it.")
    await expect(account.get_by_role("button", name=f"Reconnect {ACCOUNT}")).to_be_visible()
    assert (await stored(owner, agent))["state"] == "disconnected"


async def test_a_window_that_has_lost_the_dashboard_ends_in_its_language(visit: Visit) -> None:
    owner = await visit(locale="de-DE")
    owner.expects_complaint("400")
    _, window = await asked(owner, "Abgelehnt", "Google verbinden")
    await window.evaluate("window.opener = null")
    await window.get_by_role("button", name="Cancel").click()

    await expect(window.get_by_role("heading", name="Nicht verbunden")).to_be_visible()
    await expect(window.get_by_text("Der Zugriff wurde nicht erlaubt")).to_be_visible()


async def test_who_says_no_at_the_provider_is_told_and_nothing_is_stored(visit: Visit) -> None:
    owner = await visit()
    owner.expects_complaint("400")
    agent, window = await asked(owner, "Refused desk")

    async with window.expect_event("close"):
        await window.get_by_role("button", name="Cancel").click()

    alert = owner.page.get_by_role("main").get_by_role("alert")
    await expect(alert).to_contain_text("Access was not allowed at the provider, so nothing was connected.")
    assert await owner.accessibility_problems() == []
    assert await stored(owner, agent) is None
    await expect(owner.page.get_by_role("button", name="Connect Google")).to_be_enabled()


async def test_a_failure_that_is_rare_is_told_in_the_persons_language_too(visit: Visit) -> None:
    """It was told in the connection function's own English sentence."""
    owner = await visit(locale="de-DE")
    owner.expects_complaint("400")
    _, window = await asked(owner, "Seltenes Pult", "Google verbinden")

    async with window.expect_event("close"):
        callback = f"{owner.cloud.ports.url('oauth')}/api/v1/oauth/google/callback?state=made-up&code=made-up"
        await window.evaluate("(address) => { location.href = address; }", callback)

    alert = owner.page.get_by_role("main").get_by_role("alert")
    await expect(alert).to_contain_text("gehört zu keiner Verbindung, die hier begonnen wurde")


async def test_a_window_that_is_closed_is_noticed_and_an_answer_that_comes_later_too(visit: Visit) -> None:
    owner = await visit()
    agent = await an_agent(owner, "Closed desk")
    await owner.open(f"/agents/tools/?id={agent}&tool={SLUG}")
    window = await consent_page(owner)
    address = window.url
    await expect(owner.page.get_by_text("Go on in the window of Google")).to_be_visible()
    await window.close()
    await expect(owner.page.get_by_text("The window was closed before")).to_be_visible()
    assert await owner.accessibility_problems() == []

    # A window that its pages have cut off looks closed, and cannot tell.
    cut_off = await owner.context.new_page()
    await cut_off.goto(address)
    await cut_off.get_by_role("radio", name=ACCOUNT).check()
    await cut_off.get_by_role("button", name="Continue").click()
    await expect(cut_off.get_by_text("This window can be closed.")).to_be_visible()

    await expect(owner.page.get_by_role("button", name="Disconnect", exact=True)).to_be_visible()


async def test_a_window_that_closes_as_it_tells_is_not_said_to_have_told_nothing(visit: Visit) -> None:
    """Then the account was connected, and beside it stood for good that nothing had come back."""
    owner = await visit()
    page = owner.page
    # What looks whether the window is closed does so when the test says so.
    await page.add_init_script(
        "const real = setInterval; window.setInterval = (look, wait, ...more) =>"
        " wait === 500 ? ((window.look = look), 0) : real(look, wait, ...more);"
    )
    agent = await an_agent(owner, "Punctual desk")
    await owner.open(f"/agents/tools/?id={agent}&tool={SLUG}")
    window = await consent_page(owner)
    await window.close()
    told = {"type": "trunkline.connection", "status": "connected", "agent_id": agent, "tool": SLUG}

    await page.evaluate(
        "([data, origin]) => { dispatchEvent(new MessageEvent('message', { data, origin })); look(); }",
        [told | {"account_email": ACCOUNT}, owner.cloud.ports.url("oauth")],
    )

    await expect(page.get_by_role("status").get_by_text(f"Connected to {ACCOUNT}.")).to_be_visible()
    await expect(page.get_by_text("The window was closed before")).to_have_count(0)


async def test_where_no_window_opens_this_tab_goes_and_comes_back(visit: Visit) -> None:
    owner = await visit()
    agent = await an_agent(owner, "Blocked desk")
    await owner.open(f"/agents/tools/?id={agent}&tool={SLUG}")
    page = owner.page
    await page.evaluate("window.open = () => null")
    owner.expects_complaint("favicon.ico")

    await page.get_by_role("button", name="Connect Google").click()
    await page.get_by_role("radio", name=ACCOUNT).check()
    await page.get_by_role("button", name="Continue").click()

    await expect(page.get_by_role("button", name="Disconnect", exact=True)).to_be_visible()
    assert page.url == f"{owner.origin}/agents/tools/?id={agent}&tool={SLUG}"


async def test_a_message_from_anywhere_else_connects_nothing(visit: Visit) -> None:
    owner = await visit()
    agent = await an_agent(owner, "Spoofed desk")
    await owner.open(f"/agents/tools/?id={agent}&tool={SLUG}")
    window = await consent_page(owner)
    message = {"type": "trunkline.connection", "status": "connected", "agent_id": agent, "tool": SLUG}

    await owner.page.evaluate("(message) => postMessage(message, '*')", message)
    await owner.page.wait_for_timeout(300)

    await expect(owner.page.get_by_text("Go on in the window of Google")).to_be_visible()
    await window.close()


async def test_a_connection_that_the_provider_has_ended_says_why_and_is_connected_again(visit: Visit) -> None:
    owner = await visit()
    agent = await connected(owner)
    await api_call(owner, "PATCH", f"/agents/{agent}/tools/{SLUG}", {"enabled": True})
    reason = "The provider no longer accepts the connection."
    await ended_by_provider(owner, agent, reason)
    await owner.open(f"/agents/tools/?id={agent}")
    await expect(owner.page.get_by_text("An account has to be connected.")).to_be_visible()
    await owner.page.get_by_role("link", name="Set up Google Calendar").click()
    await owner.is_at_page()

    account = owner.page.get_by_role("region", name="Account")
    await expect(account).to_contain_text(reason)
    await expect(account).to_contain_text("Until it is connected again")
    window = await consent_page(owner, f"Reconnect {ACCOUNT}")
    await window.get_by_role("button", name="Continue").click()
    await expect(account.get_by_role("button", name="Disconnect", exact=True)).to_be_visible()


async def test_the_start_page_tells_of_an_account_that_is_disconnected_and_leads_to_it(visit: Visit) -> None:
    """Callers learned of it first."""
    owner = await visit()
    page = owner.page
    agent = await connected(owner)
    await api_call(owner, "PATCH", f"/agents/{agent}/tools/{SLUG}", {"enabled": True})
    number = "+14155550171"
    await buy(owner, number)
    await api_call(owner, "PUT", f"/numbers/{quote(number)}", {"agent_id": agent})
    await ended_by_provider(owner, agent, "The provider no longer accepts the connection.")
    await owner.open("/")

    told = page.get_by_role("link", name="Connected desk can no longer use Google Calendar")
    await expect(told).to_be_visible()
    assert await owner.accessibility_problems() == []
    await told.click()

    await expect(page.get_by_role("button", name=f"Reconnect {ACCOUNT}")).to_be_visible()
    await api_call(owner, "DELETE", f"/numbers/{quote(number)}")


async def test_a_viewer_sees_the_account_and_no_buttons(visit: Visit) -> None:
    viewer = await visit("viewer")
    await viewer.open(f"/agents/tools/?id=front-desk&tool={SLUG}")

    account = viewer.page.get_by_role("region", name="Account")
    await expect(account).to_contain_text(ACCOUNT)
    await expect(account.get_by_role("button")).to_have_count(0)
