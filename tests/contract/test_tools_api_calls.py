"""Calls over HTTP: lists, the live tail, ending, deleting, test calls, usage."""

import asyncio
import io
import wave
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from livekit import api as livekit
from livekit.protocol.models import Room
from livekit.protocol.room import ListRoomsRequest

from local.twilio.lines import Nobody, NoLine
from local.twilio.store import Number
from shared.errors import UnavailableError
from shared.gateways import twilio as twilio_gateway
from shared.gateways.firestore import Put
from shared.gateways.twilio import TwilioGateway
from shared.models.base import utc_now
from shared.models.call import Call, CallEvent, CallState, Outcome
from shared.models.session import RoomMetadata, room_name_for
from shared.repositories.calls import CallRepository
from shared.services.event_tail import MAX_SEEN
from shared.services.session_service import RELEASED, SessionManager
from tests.contract.tools_api_stack import LIVEKIT_KEY, LIVEKIT_SECRET, NUMBERS, Stack, TestTenant
from tests.contract.twilio_application import Application
from tests.waiting import eventually

pytestmark = [pytest.mark.contract, pytest.mark.asyncio(loop_scope="module")]

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def ended_call(number: int, **changes: Any) -> Call:
    values: dict[str, Any] = {
        "session_id": f"ca{number}",
        "agent_id": "desk",
        "call_sid": f"CA{number}",
        "state": CallState.ENDED,
        "outcome": Outcome.CALLER_HUNG_UP,
        "caller": "+14155550123",
        "called": "+14155550100",
        "started_at": NOON + timedelta(minutes=number),
        "usage": {"agent_seconds": 60.0},
    }
    return Call(**{**values, **changes})


async def store(stack: Stack, tenant: TestTenant, *calls: Call) -> None:
    for call in calls:
        await CallRepository(stack.database).create(tenant.id, call, [])


async def add_event(stack: Stack, tenant: TestTenant, call: Call, event_id: str, at: datetime) -> None:
    event = CallEvent(at=at, source="worker-1", kind="turn", data={"speaker": "caller", "text": event_id})
    await CallRepository(stack.database).append_events(tenant.id, call.session_id, [(event_id, event)], None)


async def rooms_named(stack: Stack, name: str) -> list[Room]:
    http = stack.livekit.url.replace("ws", "http", 1)
    async with livekit.LiveKitAPI(http, LIVEKIT_KEY, LIVEKIT_SECRET) as client:
        found = await client.room.list_rooms(ListRoomsRequest(names=[name]))
    return list(found.rooms)


def ids(answer: Any) -> list[str]:
    return [item["id"] for item in answer.body["items"]]


async def test_calls_are_listed_newest_first_in_pages(stack: Stack, tenant: TestTenant) -> None:
    await store(stack, tenant, *(ended_call(number) for number in range(5)))
    first = await tenant.viewer("GET", "/calls?limit=2", expect=200)
    await store(stack, tenant, ended_call(9))  # newer than the cursor: on no later page
    second = await tenant.viewer("GET", f"/calls?limit=2&cursor={first.body['next_cursor']}", expect=200)
    third = await tenant.viewer("GET", f"/calls?limit=2&cursor={second.body['next_cursor']}", expect=200)
    assert ids(first) + ids(second) + ids(third) == ["ca4", "ca3", "ca2", "ca1", "ca0"]
    assert third.body["next_cursor"] is None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("agent_id=other", ["ca2"]),
        ("outcome=voicemail", ["ca3"]),
        ("caller=%2B14155550199", ["ca4"]),
        ("state=in_progress", ["ca5"]),
        ("since=2026-11-20T12:01:00Z&until=2026-11-20T12:03:00Z", ["ca2", "ca1"]),
        ("outcome=caller_hung_up&caller=%2B14155550123&agent_id=desk", ["ca1"]),
    ],
)
async def test_filters(stack: Stack, query: str, found: list[str]) -> None:
    tenant = await stack.tenant()
    await store(
        stack,
        tenant,
        ended_call(1),
        ended_call(2, agent_id="other"),
        ended_call(3, outcome=Outcome.VOICEMAIL),
        ended_call(4, caller="+14155550199"),
        ended_call(5, state=CallState.IN_PROGRESS, outcome=None),
    )
    assert ids(await tenant.viewer("GET", f"/calls?{query}", expect=200)) == found


async def test_a_tail_shows_each_event_once_also_those_that_are_stored_late(
    stack: Stack, tenant: TestTenant
) -> None:
    call = ended_call(1, state=CallState.IN_PROGRESS, outcome=None)
    await store(stack, tenant, call)
    at = NOON + timedelta(minutes=5)
    await add_event(stack, tenant, call, "worker-1-000001", at)
    await add_event(stack, tenant, call, "worker-1-000002", at + timedelta(seconds=4))
    first = await tenant.viewer("GET", "/calls/ca1/events", expect=200)
    assert ids(first) == ["worker-1-000001", "worker-1-000002"]
    await add_event(stack, tenant, call, "edge-late", at + timedelta(seconds=2))
    await add_event(stack, tenant, call, "worker-1-000003", at + timedelta(seconds=9))
    second = await tenant.viewer("GET", f"/calls/ca1/events?after={first.body['after']}", expect=200)
    assert ids(second) == ["edge-late", "worker-1-000003"]
    third = await tenant.viewer("GET", f"/calls/ca1/events?after={second.body['after']}", expect=200)
    assert (ids(third), third.body["ended"]) == ([], False)
    await tenant.viewer("GET", "/calls/ca1/events?after=rubbish", expect=422)


async def test_a_tail_shows_each_event_once_also_when_more_come_at_once_than_a_position_holds(
    stack: Stack, tenant: TestTenant
) -> None:
    """Its position was longer than the API takes, and what it could not hold was shown again and again."""
    call = ended_call(1, state=CallState.IN_PROGRESS, outcome=None)
    await store(stack, tenant, call)
    names = [f"worker-1-{number:06}" for number in range(MAX_SEEN + 100)]
    for start in range(0, len(names), 100):
        events = [
            (name, CallEvent(at=NOON + timedelta(milliseconds=20 * number), source="worker-1", kind="notice"))
            for number, name in enumerate(names[start : start + 100], start)
        ]
        await CallRepository(stack.database).append_events(tenant.id, call.session_id, events, None)
    shown, after = list[str](), ""
    while len(shown) < len(names):
        tail = await tenant.viewer("GET", f"/calls/ca1/events?limit=200{after}", expect=200)
        shown += ids(tail)
        after = f"&after={tail.body['after']}"
    assert shown == names
    assert ids(await tenant.viewer("GET", f"/calls/ca1/events?limit=200{after}", expect=200)) == []


async def test_a_waiting_tail_answers_as_soon_as_something_happens(stack: Stack, tenant: TestTenant) -> None:
    call = ended_call(1, state=CallState.IN_PROGRESS, outcome=None)
    await store(stack, tenant, call)
    waiting = asyncio.create_task(tenant.viewer("GET", "/calls/ca1/events?wait=20", expect=200))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    await add_event(stack, tenant, call, "worker-1-000001", NOON)
    async with asyncio.timeout(15):
        assert ids(await waiting) == ["worker-1-000001"]
    # A call that is over keeps nobody waiting.
    await stack.database.commit([Put(f"tenants/{tenant.id}/calls/ca1", ended_call(1).to_firestore())])
    after = (await tenant.viewer("GET", "/calls/ca1/events")).body["after"]
    async with asyncio.timeout(15):
        last = await tenant.viewer("GET", f"/calls/ca1/events?wait=20&after={after}", expect=200)
    assert last.body["ended"] is True


async def test_a_call_that_has_just_ended_is_followed_and_kept_until_its_agent_has_told_all(
    stack: Stack, tenant: TestTenant
) -> None:
    """The edge writes the end that it sees; the agent learns of it, and then writes what was said last. Who
    followed the call never saw that, and of a call that was deleted meanwhile it stayed."""
    call = ended_call(1)
    await store(stack, tenant, call)
    session = f"tenants/{tenant.id}/sessions/ca1"

    async def holds_lease_until(moment: datetime) -> None:
        lease = {"owner": "job", "generation": 1, "expires_at": moment}
        await stack.database.commit([Put(session, {"session_id": "ca1", "lease": lease})])

    await holds_lease_until(utc_now() + timedelta(minutes=1))
    first = await tenant.viewer("GET", "/calls/ca1/events", expect=200)
    assert (ids(first), first.body["ended"]) == ([], False)
    refused = await tenant.owner("DELETE", "/calls/ca1", expect=409)
    assert refused.body["code"] == "call_just_ended"
    await add_event(stack, tenant, call, "worker-1-000001", NOON)
    await holds_lease_until(RELEASED)
    last = await tenant.viewer("GET", f"/calls/ca1/events?after={first.body['after']}", expect=200)
    assert (ids(last), last.body["ended"]) == (["worker-1-000001"], True)
    await tenant.owner("DELETE", "/calls/ca1", expect=204)


async def test_ending_a_call_hangs_up_and_writes_the_outcome_once(stack: Stack, tenant: TestTenant) -> None:
    """Both are still there when somebody ends it: the caller at Twilio, and the room with its agent."""
    async with Application() as application:
        application.on("/incoming", "<Dial>+14155550111</Dial>")
        number = Number(phone_number=NUMBERS[0], voice_url=f"{application.url}/incoming")
        stack.twilio.exchange.store.put_number(number)
        line = NoLine(Nobody(dial_seconds=600))
        call_at_twilio = stack.twilio.exchange.incoming("+14155550123", NUMBERS[0], line)
        await eventually(lambda: call_at_twilio.answered, "the caller talks to somebody")
    call = ended_call(
        1,
        session_id=call_at_twilio.sid.lower(),
        call_sid=call_at_twilio.sid,
        state=CallState.IN_PROGRESS,
        outcome=None,
        active_until=utc_now() + timedelta(hours=1),
    )
    await store(stack, tenant, call)
    _, _, rooms, _, _ = stack.api.gateways
    room = room_name_for(call.session_id)
    metadata = RoomMetadata(tenant_id=tenant.id, agent_id=call.agent_id, session_id=call.session_id)
    await rooms.create_room(room, metadata, "trunkline")
    path = f"/calls/{call.session_id}"
    await tenant.owner("DELETE", path, expect=409)
    assert not call_at_twilio.done.is_set()
    ended = await tenant.editor("POST", f"{path}/end", expect=200)
    assert (ended.body["state"], ended.body["outcome"]) == ("ended", "stopped")
    async with asyncio.timeout(5):
        await call_at_twilio.done.wait()
    assert call_at_twilio.ended_by == "api"
    assert await rooms_named(stack, room) == []
    again = await tenant.editor("POST", f"{path}/end", expect=200)
    assert again.body == ended.body
    audit = await stack.database.query(f"tenants/{tenant.id}/audit", ("action", "==", "call.stopped"))
    assert len(audit) == 1


async def test_a_call_that_could_not_be_hung_up_is_hung_up_when_it_is_ended_again(
    stack: Stack, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its outcome was written before that."""
    told = list[str]()

    async def silent_at_first(_: TwilioGateway, call_sid: str) -> None:
        told.append(call_sid)
        if len(told) == 1:
            raise UnavailableError("Twilio: hang up: TimeoutError")

    monkeypatch.setattr(TwilioGateway, "hang_up", silent_at_first)
    await store(stack, tenant, ended_call(1, state=CallState.IN_PROGRESS, outcome=None))
    await tenant.editor("POST", "/calls/ca1/end", expect=503)
    await tenant.editor("POST", "/calls/ca1/end", expect=200)
    assert told == ["CA1", "CA1"]


async def test_a_call_that_nobody_ended_can_be_deleted_when_its_longest_time_is_over(
    stack: Stack, tenant: TestTenant
) -> None:
    over = utc_now() - timedelta(seconds=1)
    call = ended_call(1, state=CallState.IN_PROGRESS, outcome=None, active_until=over)
    await store(stack, tenant, call)
    await tenant.owner("DELETE", "/calls/ca1", expect=204)


async def test_a_deleted_call_leaves_nothing(stack: Stack, tenant: TestTenant) -> None:
    voicemail = stack.recorded("CA1", seconds=7)
    call = ended_call(1, voicemail=voicemail)
    await store(stack, tenant, call)
    note = f"tenants/{tenant.id}/recordings/{voicemail.recording_sid}"
    await stack.database.commit([Put(note, {"session_id": "ca1", "delete_after": NOON})])
    for number in range(3):
        await add_event(stack, tenant, call, f"worker-1-{number:06}", NOON)
    path = f"tenants/{tenant.id}/calls/ca1"
    await stack.database.commit([Put(f"tenants/{tenant.id}/sessions/ca1", {"session_id": "ca1"})])
    shown = await tenant.viewer("GET", "/calls/ca1", expect=200)
    assert shown.body["voicemail"] == {"seconds": 7}
    await tenant.editor("DELETE", "/calls/ca1", expect=403)
    await tenant.owner("DELETE", "/calls/ca1", expect=204)
    assert await stack.database.query(f"{path}/events") == []
    session = f"tenants/{tenant.id}/sessions/ca1"
    assert await stack.database.get_all(path, session, note) == [None, None, None]
    assert voicemail.recording_sid not in stack.twilio.exchange.store.recordings
    assert not stack.twilio.exchange.store.recording_file(voicemail.recording_sid).exists()
    await tenant.owner("DELETE", "/calls/ca1", expect=404)


@pytest.mark.parametrize("is_second", [False, True])
async def test_a_message_that_nobody_has_told_of_is_deleted_with_its_call(
    stack: Stack, tenant: TestTenant, is_second: bool
) -> None:
    """It would stay at Twilio, where it would be found and its call written down again. A caller who was led
    to the voicemail twice has left two."""
    told = stack.recorded("CA1", seconds=2) if is_second else None
    untold = stack.recorded("CA1", seconds=7)
    call = ended_call(1, outcome=Outcome.VOICEMAIL, fallback_served="voicemail", voicemail=told)
    await store(stack, tenant, call)
    await tenant.owner("DELETE", "/calls/ca1", expect=204)
    left = stack.twilio.exchange.store.recordings.values()
    assert untold.recording_sid not in {recording.sid for recording in left}


async def test_a_message_at_a_voicemail_that_could_not_be_noted_is_deleted_with_its_call(
    stack: Stack, tenant: TestTenant
) -> None:
    """The caller comes first: a voicemail is served also when Firestore fails just then."""
    left = stack.recorded("CA1", seconds=7)
    await store(stack, tenant, ended_call(1, started_at=utc_now() - timedelta(minutes=5)))
    await tenant.owner("DELETE", "/calls/ca1", expect=204)
    assert left.recording_sid not in stack.twilio.exchange.store.recordings


async def test_what_a_caller_left_is_heard_by_its_tenant_alone(stack: Stack, tenant: TestTenant) -> None:
    voicemail = stack.recorded("CA1", seconds=2)
    await store(stack, tenant, ended_call(1, voicemail=voicemail), ended_call(2))
    headers = {"Authorization": f"Bearer {tenant.viewer.token}"}
    url = f"/api/v1/tenants/{tenant.id}/calls/ca1/recording"
    async with stack.session.get(url, headers=headers) as answer:
        assert (answer.status, answer.content_type) == (200, "audio/wav")
        assert answer.headers["Cache-Control"] == "no-store"
        sound = await answer.read()
    assert sound == stack.twilio.exchange.store.recording_file(voicemail.recording_sid).read_bytes()
    with wave.open(io.BytesIO(sound)) as file:
        assert file.getnframes() / file.getframerate() == 2
    nothing = await tenant.viewer("GET", "/calls/ca2/recording", expect=404)
    assert nothing.body["detail"] == "This call has no recording."
    other = await stack.tenant()
    await other.owner("GET", "/calls/ca1/recording", expect=404)
    stack.twilio.exchange.store.delete_recording(
        stack.twilio.exchange.store.recordings[voicemail.recording_sid]
    )
    await tenant.viewer("GET", "/calls/ca1/recording", expect=404)


async def test_a_recording_that_is_too_large_is_refused(
    stack: Stack, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store(stack, tenant, ended_call(1, voicemail=stack.recorded("CA1", seconds=2)))
    monkeypatch.setattr(twilio_gateway, "MAX_RECORDING_BYTES", 1000)
    refused = await tenant.viewer("GET", "/calls/ca1/recording", expect=503)
    assert refused.body["detail"] == "This recording is too long to be played here."


async def test_a_call_that_is_over_tells_what_it_cost(stack: Stack, tenant: TestTenant) -> None:
    usage = {"input_tokens": 1500.0, "input_audio_tokens": 1500.0, "agent_seconds": 60.0}
    times = {"answered_at": NOON, "ended_at": NOON + timedelta(seconds=60)}
    await store(stack, tenant, ended_call(1, model="gemini-3.8-live", usage=usage, **times), ended_call(2))
    cost = (await tenant.viewer("GET", "/calls/ca1", expect=200)).body["cost"]
    parts = [cost[part] for part in ("model", "telephony", "livekit", "platform")]
    assert (cost["currency"], cost["model"], cost["telephony"]) == ("USD", 0.0045, 0.0125)
    assert all(parts)
    assert cost["total"] == pytest.approx(sum(parts), abs=1e-5)
    assert (await tenant.viewer("GET", "/calls/ca2", expect=200)).body["cost"] is None


async def test_usage_by_day_of_a_time_zone(stack: Stack, tenant: TestTenant) -> None:
    late = NOON + timedelta(hours=11, minutes=30)  # 00:30 of the next day in Berlin
    await store(stack, tenant, ended_call(1), ended_call(2, usage={}), ended_call(3, started_at=late))
    query = "first=2026-11-20&last=2026-11-21"
    in_utc = (await tenant.viewer("GET", f"/usage?{query}", expect=200)).body["items"]
    assert [(day["day"], day["calls"], day["agent_seconds"]) for day in in_utc] == [
        ("2026-11-20", 3, 120.0),
        ("2026-11-21", 0, 0.0),
    ]
    in_berlin = await tenant.viewer("GET", f"/usage?{query}&time_zone=Europe/Berlin", expect=200)
    assert [day["calls"] for day in in_berlin.body["items"]] == [2, 1]
    await tenant.viewer("GET", "/usage?first=2026-11-20&last=2026-11-19", expect=422)
    await tenant.viewer("GET", "/usage?first=2026-01-01&last=2026-11-19", expect=422)


async def test_a_test_call_has_a_snapshot_a_room_with_an_agent_and_a_token_for_it(
    stack: Stack, tenant: TestTenant
) -> None:
    agent = await tenant.agent(greeting="Hello from the test.")
    path = f"/agents/{agent}/test-calls"
    started = await tenant.editor("POST", path, Idempotency_Key="click", expect=201)
    call_id, room = started.body["call_id"], started.body["room"]
    assert room == room_name_for(call_id)
    again = await tenant.editor("POST", path, Idempotency_Key="click", expect=201)
    assert again.body["call_id"] == call_id
    snapshot = await SessionManager(stack.database).get_session(tenant.id, call_id)
    assert (snapshot.agent.greeting, snapshot.caller) == ("Hello from the test.", None)
    call = await tenant.viewer("GET", f"/calls/{call_id}", expect=200)
    assert (call.body["source"], call.body["state"]) == ("web", "ringing")
    claims = jwt.decode(started.body["token"], LIVEKIT_SECRET, ["HS256"], issuer=LIVEKIT_KEY)
    assert (claims["video"]["room"], claims["video"]["canPublishData"]) == (room, False)
    rooms = await rooms_named(stack, room)
    assert len(rooms) == 1
    assert tenant.id in rooms[0].metadata
    await tenant.editor("POST", f"/calls/{call_id}/end", expect=200)
    assert await rooms_named(stack, room) == []
    await tenant.editor("POST", path, Idempotency_Key="click", expect=409)


async def test_a_test_call_counts_against_the_tenants_limit(stack: Stack) -> None:
    tenant = await stack.tenant(max_concurrent_calls=1)
    agent = await tenant.agent()
    await tenant.editor("POST", f"/agents/{agent}/test-calls", expect=201)
    refused = await tenant.editor("POST", f"/agents/{agent}/test-calls", expect=409)
    assert "as many as this account may have" in refused.body["detail"]


@pytest.mark.parametrize(
    "query",
    [
        "calls?since=0001-01-01T00:00:00%2B14:00",
        "calls?until=9999-12-31T23:59:59-14:00",
        "usage?first=9999-12-31&last=9999-12-31",
        "usage?first=0001-01-01&last=0001-01-01&time_zone=Asia/Tokyo",
        "agents/x/preview?at=0001-01-01T00:00:00%2B14:00",
    ],
)
async def test_a_moment_outside_of_our_time_is_a_mistake_in_its_field(tenant: TestTenant, query: str) -> None:
    refused = await tenant.owner("GET", f"/{query}", expect=422)
    assert "is not between the years 1970 and 2200" in refused.body["errors"][0]["message"]
