"""A test call from the browser to a heard answer, and what the lists and pages of calls make of calls."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientSession
from playwright.async_api import Page, Response, Route, expect

from local.cloud import Cloud
from local.scenario import Scenario
from shared.input_files import load_yaml
from shared.models.call import CallEvent, CallState, FallbackReason, Outcome, Voicemail
from tests.browser.chromium import browser_test
from tests.browser.conftest import ROOT, Visit
from tests.browser.keyboard import tab_to, use
from tests.browser.microphone import HEARD, microphone, speaking_editor
from tests.browser.pages import PHONE
from tests.browser.stored_calls import TENANT, event, seeded, store, store_events
from tests.browser.visitor import Visitor

pytestmark = browser_test

MARK = "+14155550188"
"""Written into the agent's instructions: by it the scripted model knows which scenario is meant."""


@pytest_asyncio.fixture(loop_scope="session")
async def caller(cloud: Cloud, tmp_path: Path) -> AsyncGenerator[Visitor]:
    """An editor whose microphone says what the scenario expects."""
    scenario = load_yaml(ROOT / "local" / "scenarios" / "book-a-slot.yaml", Scenario)
    turns = [scenario.turns[0], scenario.turns[-1]]
    scripted = {
        "caller": MARK,
        "scenario": scenario.model_copy(update={"turns": turns}).model_dump(mode="json"),
    }
    async with ClientSession(raise_for_status=True) as http:
        await http.post(f"{cloud.ports.url('gemini_control')}/_local/scenarios", json=scripted)
        tokens = f"{cloud.ports.url('identity')}/_local/tokens"
        async with http.post(tokens, json={"email": "owner@harbor-dental.example"}) as answer:
            token = (await answer.json())["id_token"]
        agent = f"{cloud.ports.url('tools_api')}/api/v1/tenants/{TENANT}/agents/front-desk"
        headers = {"Authorization": f"Bearer {token}", "If-Match": "*"}
        words = f"You answer the phone of Harbor Dental, {MARK}."
        await http.patch(agent, json={"instructions": words}, headers=headers)
    async with speaking_editor(cloud, tmp_path / "microphone.wav") as editor:
        yield editor


async def test_a_test_call_is_heard_written_down_and_found_again(caller: Visitor) -> None:
    page = caller.page
    await caller.open("/test-call/?agent=front-desk")
    await page.get_by_role("button", name="Call", exact=True).click()
    await expect(page.get_by_role("status").get_by_text("Connected")).to_be_visible()

    assert await page.evaluate(HEARD, 20) > 0.01

    said = page.get_by_role("region", name="What is said")
    await expect(said).to_contain_text("Hello, this is Harbor Dental")
    await expect(said).to_contain_text("calendar tomorrow", timeout=40_000)
    await expect(said.get_by_role("list", name="Tools")).to_contain_text("done")
    await expect(said).to_contain_text("you have a team meeting")
    await expect(page.get_by_text("Answered after").first).to_be_visible()
    assert await caller.accessibility_problems() == []
    await caller.picture("test-call")
    await expect(page.get_by_text("The call is over.")).to_be_visible(timeout=60_000)

    await page.get_by_role("link", name="Timeline of this call").click()
    transcript = page.get_by_role("list", name="Transcript")
    await expect(transcript).to_contain_text("you have a team meeting")
    timeline = page.get_by_role("group", name="Timeline")
    await expect(timeline.get_by_role("img", name="Google Calendar · look up appointments")).to_be_visible()
    piece = timeline.get_by_role("img", name="you have a team meeting")
    await piece.focus()
    assert await caller.accessibility_problems() == []
    await caller.picture("call")

    await caller.open("/calls/")
    await expect(page.get_by_role("row").filter(has_text="Browser").first).to_contain_text(
        "The agent said goodbye"
    )


async def test_a_refused_microphone_is_said_and_nobody_is_called(visit: Visit) -> None:
    editor = await visit("editor")
    page = editor.page
    await page.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'))"
    )
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await editor.open("/test-call/?agent=front-desk")

    await page.get_by_role("button", name="Call", exact=True).click()

    await expect(page.get_by_role("main").get_by_role("alert")).to_contain_text("was refused")
    assert not [url for url in asked if url.endswith("/test-calls")]
    assert await editor.accessibility_problems() == []


async def test_who_hangs_up_before_there_is_a_microphone_calls_nobody(visit: Visit) -> None:
    """The call was made all the same as soon as the browser had asked."""
    editor = await visit("editor")
    page = editor.page
    await page.add_init_script("""
        const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        const [asked, allowed, stopped] = [1, 2, 3].map(() => Promise.withResolvers());
        Object.assign(window, { asked: asked.promise, stopped: stopped.promise, allow: allowed.resolve });
        navigator.mediaDevices.getUserMedia = async (wanted) => {
          asked.resolve();
          await allowed.promise;
          const stream = await real(wanted);
          const [track] = stream.getTracks();
          const stop = track.stop.bind(track);
          track.stop = () => { stopped.resolve(); stop(); };
          return stream;
        };
    """)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await editor.open("/test-call/?agent=front-desk")
    await page.get_by_role("button", name="Call", exact=True).click()
    await page.evaluate("window.asked")
    await page.get_by_role("button", name="Hang up").click()

    await page.evaluate("window.allow()")

    async with asyncio.timeout(20):
        await page.evaluate("window.stopped")
    await expect(page.get_by_role("button", name="Hang up")).to_be_hidden()
    assert not [url for url in asked if url.endswith("/test-calls")]


async def test_who_hangs_up_while_the_room_is_being_made_leaves_no_agent_waiting_in_it(visit: Visit) -> None:
    """Also when they call again meanwhile, which is a call of its own."""
    editor = await visit("editor")
    page = editor.page
    hung_up = asyncio.Event()

    async def make_slowly(route: Route) -> None:
        if route.request.method != "POST":
            await route.fallback()
            return
        response = await route.fetch()
        await hung_up.wait()
        await route.fulfill(response=response)

    ended: set[str] = set()

    def both_have_ended(response: Response) -> bool:
        if response.url.endswith("/end") and response.request.method == "POST" and response.ok:
            ended.add(response.url)
        return len(ended) == 2

    await page.route("**/test-calls", make_slowly)
    await editor.open("/test-call/?agent=front-desk")
    for button in ("Call", "Call again"):
        async with page.expect_request("**/test-calls"):
            await page.get_by_role("button", name=button, exact=True).click()
        await page.get_by_role("button", name="Hang up").click()

    async with page.expect_response(both_have_ended):
        hung_up.set()

    await expect(page.get_by_role("main").get_by_role("alert")).to_have_count(0)


async def test_a_test_call_whose_code_does_not_come_says_so(visit: Visit) -> None:
    """It was about to ask for the microphone for ever."""
    editor = await visit("editor")
    editor.expects_complaint("_next/static")
    editor.expects_complaint("Failed to load chunk")
    await editor.open("/test-call/?agent=front-desk")
    await editor.page.route("**/_next/static/**", lambda route: route.abort())

    await editor.page.get_by_role("button", name="Call", exact=True).click()

    await expect(editor.page.get_by_role("main").get_by_role("alert")).to_be_visible()
    await expect(editor.page.get_by_role("button", name="Call again")).to_be_visible()


@pytest.mark.parametrize("no_day", ["20266-11-20", "2026-02-30"])
async def test_what_is_no_day_filters_nothing(visit: Visit, no_day: str) -> None:
    """A year that was still being typed broke the page, and 30 February was 2 March."""
    viewer = await visit("viewer")
    viewer.expects_complaint("does not conform to the required format")  # the field's, of 30 February
    asked: list[str] = []
    viewer.page.on("request", lambda request: asked.append(request.url))
    await viewer.open(f"/calls/?since={no_day}&until={no_day}")

    await expect(viewer.page.get_by_role("heading", level=1)).to_have_text("Calls")
    await expect(viewer.page.get_by_label("From", exact=True)).to_be_visible()
    calls = [url for url in asked if re.search(r"/calls\b.*[?&]limit=", url)]
    assert calls
    assert not any("since=" in url or "until=" in url for url in calls)


async def test_filters_are_in_the_address_survive_a_reload_and_rule_the_export(
    visit: Visit, cloud: Cloud
) -> None:
    await store(
        cloud,
        seeded(1, day=13),
        seeded(
            2, day=13, outcome=Outcome.VOICEMAIL, fallback_reason=FallbackReason.NO_AGENT, answered_at=None
        ),
        seeded(3, day=13, caller=None),
    )
    viewer = await visit("viewer")
    page = viewer.page
    await viewer.open("/calls/?since=2026-11-13&until=2026-11-13")
    rows = page.get_by_role("table").get_by_role("row")
    await expect(rows).to_have_count(4)
    await expect(rows.filter(has_text="Withheld")).to_have_count(1)
    assert await viewer.accessibility_problems() == []
    await viewer.picture("calls")

    await page.get_by_label("Outcome").select_option("voicemail")
    await expect(rows).to_have_count(2)
    assert "outcome=voicemail" in page.url
    await page.reload()
    await viewer.is_at_page()
    await expect(rows).to_have_count(2)

    async with page.expect_download() as csv:
        await page.get_by_role("button", name="Export CSV").click()
    lines = (await (await csv.value).path()).read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[0] for line in lines] == ["id", "seeded-2"]
    assert [line.split(",")[-3] for line in lines] == ["seconds", "30"]
    async with page.expect_download() as exported:
        await page.get_by_role("button", name="Export JSON").click()
    calls = json.loads((await (await exported.value).path()).read_text(encoding="utf-8"))
    assert [call["id"] for call in calls] == ["seeded-2"]

    await page.get_by_label("Caller").fill("+14155559999")
    await expect(page.get_by_text("No call fits these filters")).to_be_visible()
    assert await viewer.accessibility_problems() == []


async def test_on_a_phone_filters_are_behind_a_button_that_says_how_many_are_set(
    visit: Visit, cloud: Cloud
) -> None:
    """They filled the first screen, so that no call was to be seen."""
    await store(cloud, seeded(33, day=15))
    viewer = await visit("viewer", viewport=PHONE)
    page = viewer.page
    await viewer.open("/calls/?since=2026-11-15&until=2026-11-15")
    button = page.get_by_role("button", name=re.compile(r"^Filters"))
    await expect(button).to_have_accessible_name("Filters (2 set)")
    await expect(button).to_have_attribute("aria-expanded", "false")
    await expect(page.get_by_label("From")).to_be_hidden()
    await expect(page.get_by_role("row").nth(1)).to_be_in_viewport(ratio=1)
    assert await viewer.accessibility_problems() == []

    await use(page, "Filters")
    await expect(button).to_have_attribute("aria-expanded", "true")
    await tab_to(page, "Agent")
    await tab_to(page, "Outcome")
    column = await page.get_by_label("State").bounding_box()
    date = await page.get_by_label("To", exact=True).bounding_box()
    assert column is not None
    assert date is not None
    assert date["x"] + date["width"] <= column["x"] + column["width"]
    await page.get_by_label("Outcome").select_option("voicemail")
    await expect(button).to_have_accessible_name("Filters (3 set)")
    assert await viewer.accessibility_problems() == []
    await use(page, "Clear filters")
    await expect(button).to_have_accessible_name("Filters")
    await button.press("Enter")
    await expect(page.get_by_label("From")).to_be_hidden()

    await page.set_viewport_size({"width": 1280, "height": 800})
    await expect(page.get_by_label("From")).to_be_visible()
    await expect(button).to_be_hidden()


async def test_a_call_that_fell_back_says_why_and_a_failed_tool_what_it_said(
    visit: Visit, cloud: Cloud
) -> None:
    call = seeded(4, outcome=Outcome.FORWARDED, fallback_reason=FallbackReason.MODEL_UNAVAILABLE)
    await store(cloud, call)
    at = call.started_at + timedelta(seconds=10)
    said = {"speaker": "agent", "text": "One moment.", "interrupted": True, "seconds": 2.0}
    asked = {"tool": "diary", "action": "read", "arguments": {"day": "today"}, "milliseconds": 800}
    failed = asked | {"ok": False, "sentence": "The diary is closed."}
    left = event(at, "notice", text="The agent left.")
    await store_events(cloud, call, event(at, "turn", **said), event(at, "tool_call", **failed), left)
    owner = await visit("owner")
    page = owner.page

    await owner.open(f"/calls/view/?id={call.session_id}")

    await expect(page.get_by_text("The AI model could not be reached.")).to_be_visible()
    transcript = page.get_by_role("list", name="Transcript")
    await transcript.get_by_text("diary · read: failed").click()
    await expect(transcript).to_contain_text("The diary is closed.")
    await expect(page.get_by_role("group", name="Timeline").get_by_role("img", name="Silence")).to_have_count(
        1
    )
    assert await owner.accessibility_problems() == []

    await page.get_by_role("button", name="Delete").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page).to_have_url(f"{owner.origin}/calls/")
    owner.expects_complaint("404")
    await owner.open(f"/calls/view/?id={call.session_id}")
    await expect(page.get_by_text("This is not here any more")).to_be_visible()
    assert await owner.accessibility_problems() == []


async def test_the_timeline_shows_when_the_caller_spoke_and_the_transcript_stays_in_order(
    visit: Visit, cloud: Cloud
) -> None:
    """A caller's bar began when the model had written the words down, and their voice counted as silence."""
    call = seeded(34)
    await store(cloud, call)

    def turn(who: str, text: str, at: float, seconds: float, voice: tuple[float, float] | None) -> CallEvent:
        data: dict[str, object] = {"speaker": who, "text": text, "interrupted": False, "seconds": seconds}
        if voice is not None:
            began, ended = (call.started_at + timedelta(seconds=moment) for moment in voice)
            data |= {"voice_from": began.isoformat(), "voice_until": ended.isoformat()}
        return event(call.started_at + timedelta(seconds=at), "turn", **data)

    await store_events(
        cloud,
        call,
        turn("agent", "Hello", 1, 3, None),
        turn("caller", "I want to come", 9.5, 5, (4, 9)),
        turn("agent", "On which day", 10, 4, None),
        turn("caller", "Wait", 13.5, 2, (12, 13)),
        turn("agent", "I am listening", 15, 2, None),
        turn("caller", "With noise before", 18, 2, (14, 17.5)),
        turn("caller", "Of an old call", 22, 3, None),
    )
    viewer = await visit("viewer")
    page = viewer.page
    await viewer.open(f"/calls/view/?id={call.session_id}")

    timeline = page.get_by_role("group", name="Timeline")

    async def drawn(text: str) -> list[float]:
        """From and until which second."""
        piece = timeline.get_by_role("img", name=text)
        left, width = [float(await piece.get_attribute(name) or "") for name in ("x", "width")]
        return [round(place * 30 / 1000, 1) for place in (left, left + width)]

    assert await drawn("I want to come") == [4, 9]
    assert await drawn("Wait") == [12, 13]
    assert await drawn("On which day") == [10, 14]
    assert await drawn("Of an old call") == [22, 25]
    silence = timeline.get_by_role("img", name="Silence")
    assert [await each.get_attribute("aria-label") for each in await silence.all()] == [
        "Silence at 18 sec, 5 sec"
    ]
    said = page.get_by_role("list", name="Transcript").get_by_role("listitem")
    assert [(await line.inner_text()).splitlines()[-1] for line in await said.all()] == [
        "Hello",
        "I want to come",
        "On which day",
        "Wait",
        "I am listening",
        "With noise before",
        "Of an old call",
    ]


async def test_a_call_of_an_agent_that_was_deleted_says_so(visit: Visit, cloud: Cloud) -> None:
    """Its id alone stood there, as if that were somebody's name."""
    call = seeded(19, day=14, agent_id="a0b1")
    await store(cloud, call)
    viewer = await visit("viewer")
    await viewer.open("/calls/?since=2026-11-14&until=2026-11-14")
    await expect(viewer.page.get_by_role("row").last).to_contain_text("Deleted agent (a0b1)")

    await viewer.open(f"/calls/view/?id={call.session_id}")

    await expect(viewer.page.get_by_role("main")).to_contain_text("Deleted agent (a0b1)")


async def test_a_running_call_is_followed_as_it_goes_on(visit: Visit, cloud: Cloud) -> None:
    now = datetime.now(UTC)
    running = {"state": CallState.IN_PROGRESS, "ended_at": None, "outcome": None}
    call = seeded(5, started_at=now, answered_at=now, **running)
    await store(cloud, call)
    viewer = await visit("viewer")
    page = viewer.page
    await viewer.open("/calls/?state=in_progress")
    await page.get_by_role("row").filter(has_text=str(call.caller)).get_by_role("link").click()
    await expect(page.get_by_text("Updated as the call goes on.")).to_be_visible()

    words = {"speaker": "caller", "text": "Is anybody there?", "interrupted": False, "seconds": 1.0}
    await store_events(cloud, call, event(datetime.now(UTC), "turn", **words))

    transcript = page.get_by_role("list", name="Transcript")
    await expect(transcript).to_contain_text("Is anybody there?", timeout=30_000)
    await expect(page.get_by_role("button", name="End call")).to_have_count(0)


async def test_on_a_phone_and_in_german_calls_can_be_read(visit: Visit, cloud: Cloud) -> None:
    call = seeded(6)
    await store(cloud, call)
    booked = {"tool": "google_calendar", "action": "create_event", "arguments": {}, "milliseconds": 300}
    await store_events(
        cloud,
        call,
        event(call.started_at, "notice", text="The agent left."),
        event(call.started_at, "tool_call", ok=True, result={}, **booked),
    )
    owner = await visit("owner", viewport={"width": 390, "height": 844}, locale="de-DE")
    for path, title in (
        ("/calls/", "Anrufe"),
        ("/calls/view/?id=seeded-6", "Anruf vom"),
        ("/test-call/", "Testanruf"),
    ):
        await owner.open(path)
        await expect(owner.page.get_by_role("heading", level=1)).to_contain_text(title.split()[0])
        assert await fits(owner.page), path
    await owner.open("/calls/")
    exports = owner.page.get_by_role("group", name="Export").get_by_role("button")
    csv, as_json = await exports.nth(0).bounding_box(), await exports.nth(1).bounding_box()
    assert csv is not None
    assert as_json is not None
    assert csv["y"] == as_json["y"]
    assert csv["x"] + csv["width"] + 8 <= as_json["x"]
    await owner.open("/calls/view/?id=seeded-6")
    await expect(owner.page.get_by_text("Der Agent hat das Gespräch verlassen.")).to_be_visible()
    await expect(owner.page.get_by_text("Google Kalender · Termin vereinbaren: erledigt")).to_be_visible()


async def fits(page: Page) -> bool:
    return bool(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


async def test_a_message_that_was_left_can_be_heard(visit: Visit, cloud: Cloud, tmp_path: Path) -> None:
    message = Voicemail(recording_sid="RE" + "7" * 32, recording_url="https://twilio.invalid/RE7", seconds=2)
    call = seeded(7, outcome=Outcome.VOICEMAIL, voicemail=message.model_dump())
    await store(cloud, call)
    viewer = await visit("viewer")
    page = viewer.page
    sound = microphone(tmp_path / "message.wav").read_bytes()
    await page.route("**/recording", lambda route: route.fulfill(body=sound, content_type="audio/wav"))
    await viewer.open(f"/calls/view/?id={call.session_id}")

    await page.get_by_role("button", name="Listen").click()

    player = page.locator("audio")
    await expect(player).to_be_visible()
    await expect(player).to_have_js_property("readyState", 4)
    assert await viewer.accessibility_problems() == []
