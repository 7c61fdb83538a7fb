"""From the printed link to the agents; and what becomes of a sign-in that ends."""

import aiohttp
from playwright.async_api import Route, expect

from local.cloud import Cloud
from local.identity.seeding import seed_members
from local.next_steps import dashboard_link
from shared.models.audit import Actor
from shared.models.member import Role
from shared.models.tenant import Tenant
from shared.services.team_service import TeamService
from tests.browser.chromium import browser_test
from tests.browser.conftest import Visit
from tests.browser.visitor import EMAILS

pytestmark = browser_test


async def tokens_last(cloud: Cloud, seconds: int) -> None:
    async with (
        aiohttp.ClientSession(cloud.ports.url("identity"), raise_for_status=True) as http,
        http.put("/_local/lifetime", json={"seconds": seconds}),
    ):
        pass


async def test_the_printed_link_leads_a_new_user_to_the_demo_tenants_agents(
    visit: Visit, cloud: Cloud
) -> None:
    somebody = await visit(None)

    await somebody.page.goto(dashboard_link(cloud, EMAILS["owner"]))

    await expect(somebody.page.get_by_role("link", name="Front desk").first).to_be_visible()
    assert "login_hint" not in somebody.page.url
    await expect(somebody.page.get_by_text("Harbor Dental", exact=True)).to_be_visible()
    await somebody.open("/agents/")
    await somebody.picture("agents")


async def test_a_reload_leads_back_to_the_same_page_without_a_question(visit: Visit) -> None:
    owner = await visit()
    await owner.open("/agents/?q=front")

    await owner.page.reload()

    await owner.is_at_page()
    await expect(owner.page.get_by_label("Search agents")).to_have_value("front")


async def test_an_ended_sign_in_leads_to_the_issuer_and_back_to_the_same_page(
    visit: Visit, cloud: Cloud
) -> None:
    owner = await visit()
    await tokens_last(cloud, 3)
    await owner.open("/agents/?q=front")
    await tokens_last(cloud, 3600)
    await owner.page.wait_for_timeout(3000)  # what is waited for is the time itself

    async with owner.page.expect_request("**/authorize?*"):
        await owner.page.get_by_role("button", name="Duplicate").first.click()
        await owner.page.get_by_role("dialog").get_by_role("button", name="Duplicate").click()

    await owner.is_at_page()
    assert owner.page.url == f"{owner.origin}/agents/?q=front"
    await expect(owner.page.get_by_role("heading", name="Front desk").first).to_be_visible()


async def test_an_ended_sign_in_leaves_an_unsaved_form_as_it_is(visit: Visit, cloud: Cloud) -> None:
    owner = await visit()
    await tokens_last(cloud, 3)
    await owner.open("/agents/")
    await tokens_last(cloud, 3600)
    page = owner.page
    await page.get_by_role("button", name="New agent").click()
    form = page.get_by_role("dialog", name="New agent")
    await form.get_by_label("Name").fill("Night desk")
    await form.get_by_label("What should it do?").fill("Take messages.")
    await page.wait_for_timeout(3000)
    await form.get_by_role("button", name="New agent").click()

    async with page.expect_popup() as popup:
        await page.get_by_role("button", name="Sign in again").click()
    if not (window := await popup.value).is_closed():
        await window.wait_for_event("close")

    await expect(page.get_by_role("dialog", name="Your sign-in has ended")).to_be_hidden()
    await expect(form.get_by_label("Name")).to_have_value("Night desk")
    await form.get_by_role("button", name="New agent").click()
    await expect(page.get_by_role("heading", name="Night desk")).to_be_visible()
    await expect(form).to_be_hidden()


async def test_an_api_that_is_down_is_said_and_can_be_tried_again(visit: Visit, cloud: Cloud) -> None:
    owner = await visit()
    owner.expects_complaint("net::ERR_CONNECTION_REFUSED")
    api = cloud.ports.url("tools_api") + "/**"

    async def refuse(route: Route) -> None:
        await route.abort("connectionrefused")

    await owner.open("/agents/")
    await owner.context.route(api, refuse)
    await owner.page.reload()
    alert = owner.page.get_by_role("main").get_by_role("alert")
    await expect(alert).to_contain_text("This could not be loaded")
    assert await owner.accessibility_problems() == []

    await owner.context.unroute(api)
    await alert.get_by_role("button", name="Try again").click()
    await expect(owner.page.get_by_role("heading", name="Front desk").first).to_be_visible()


async def test_signing_out_forgets_who_it_was(visit: Visit) -> None:
    owner = await visit()
    await owner.open("/")

    await owner.page.get_by_role("button", name="Sign out").click()

    await expect(owner.page.get_by_role("heading", name="You are signed out")).to_be_visible()
    assert await owner.accessibility_problems() == []
    await owner.page.goto(owner.origin + "/agents/")
    await expect(owner.page.get_by_role("heading", name="Who are you?")).to_be_visible()


async def test_connecting_from_the_dashboards_origin_keeps_the_consents_cookie(
    visit: Visit, cloud: Cloud
) -> None:
    owner = await visit()
    await owner.open("/")
    async with (
        aiohttp.ClientSession(cloud.ports.url("identity"), raise_for_status=True) as http,
        http.post("/_local/tokens", json={"email": EMAILS["owner"]}) as answer,
    ):
        token = (await answer.json())["id_token"]
    start = cloud.ports.url("oauth") + "/api/v1/oauth/google/start"
    tool = {"tenant_id": "harbor-dental", "agent_id": "front-desk", "tool": "google_calendar"}

    url = await owner.page.evaluate(
        """async ([url, token, body]) => (await (await fetch(url, {
            method: "POST",
            credentials: "include",
            headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
            body: JSON.stringify(body),
        })).json()).authorization_url""",
        [start, token, tool],
    )

    assert url.startswith("http")
    assert any("trunkline_consent_" in cookie.get("name", "") for cookie in await owner.context.cookies())


async def test_somebody_of_two_organisations_goes_from_one_to_the_other(visit: Visit, cloud: Cloud) -> None:
    email = "both@harbor-dental.example"
    organisations = {"north-office": "North office", "south-office": "South office"}
    operator = Actor(kind="operator", id="tests", name="Tests")
    for tenant_id, name in organisations.items():
        await TeamService(cloud.database).create_tenant(tenant_id, operator, Tenant(name=name))
    members = {tenant_id: {email: Role.VIEWER} for tenant_id in organisations}
    await seed_members(cloud.database, cloud.ports.url("identity"), members)
    somebody = await visit(None)
    page = somebody.page
    await page.goto(dashboard_link(cloud, email))
    await somebody.is_at_page()
    await expect(page.get_by_text("How North office answers the phone.")).to_be_visible()
    await page.goto(f"{somebody.origin}/calls/")
    await somebody.is_at_page()

    await page.get_by_text("Organisation: North office").click()
    assert await somebody.accessibility_problems() == []
    await page.get_by_role("link", name="South office").click()

    await expect(page.get_by_text("How South office answers the phone.")).to_be_visible()
    await somebody.open("/calls/")
    assert "tenant=south-office" in page.url  # so that the link shows others the same
