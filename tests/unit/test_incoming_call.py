"""What a caller gets for each state of the world, and what is written down about it."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from functions.incoming_call import edge, fallback, handle_incoming, handle_progress
from functions.incoming_call.fallback import handle_twilio_fallback
from functions.incoming_call.handle_incoming import handle_twilio_incoming
from functions.incoming_call.handle_progress import (
    handle_dial_result,
    handle_forward_result,
)
from functions.incoming_call.twilio_requests import TwilioCall
from shared.models.agent import ForwardFallback, VoicemailFallback
from shared.models.call import FallbackReason, Outcome
from shared.models.session import SessionSnapshot
from tests.unit.edge_world import (
    CALL,
    CALL_PATH,
    CALLER,
    LAST_RESORT,
    METADATA,
    NUMBER,
    PERSON,
    ROOM,
    SAY,
    SESSION,
    World,
    find,
    verbs,
)

pytestmark = pytest.mark.unit


@pytest.fixture
def world() -> World:
    return World()


async def test_a_call_is_dialled_into_its_room_and_its_session_holds_the_enabled_tools(world: World) -> None:
    document = await world.ring()

    dial, sip = find(document, "Dial"), find(document, "Dial/Sip")
    assert sip.text == f"sip:{ROOM}@sip.example.com;transport=tls"
    assert (sip.get("username"), sip.get("password")) == ("trunk", "secret")
    assert dial.get("answerOnBridge") == "true"
    assert int(dial.get("timeLimit", "")) > 1800, "the agent has time to say goodbye"
    assert dial.get("action") == "https://voice.example.com/api/v1/voice/twilio/dial-result?tenant=harbor"
    assert world.livekit.created == [(ROOM, METADATA)]
    session = SessionSnapshot.from_firestore(world.database.documents[f"tenants/harbor/sessions/{SESSION}"])
    assert [tool.slug for tool in session.tools] == ["end_call"]
    assert session.caller == CALLER
    assert world.call.state == "ringing"
    assert world.events("dispatch") == [{"attempt": 1, "cause": "incoming", "agent_name": "trunkline"}]


async def test_a_repeated_webhook_gets_the_same_answer_and_makes_nothing_new(world: World) -> None:
    first = await world.ring()
    before = dict(world.database.documents)
    assert await world.ring() == first
    assert world.database.documents == before
    assert len(world.livekit.created) == 1


async def test_a_repeated_webhook_makes_the_room_that_the_first_one_died_before(world: World) -> None:
    first = await world.ring()
    world.livekit.rooms.clear()
    assert await world.ring() == first
    assert ROOM in world.livekit.rooms


async def test_webhooks_delivered_twice_at_once_make_one_session_and_one_room(world: World) -> None:
    first, second = await asyncio.gather(world.ring(), world.ring())
    assert first == second
    assert "Sip" in first
    assert len(world.livekit.created) == 1


async def test_a_webhook_repeated_after_the_end_hangs_up(world: World) -> None:
    await world.ring()
    await world.edge.calls.end_call("harbor", SESSION, Outcome.CALLER_HUNG_UP, world.clock())
    assert verbs(await world.ring()) == ["Hangup"]


async def test_a_caller_who_withholds_the_number_is_served(world: World) -> None:
    await handle_twilio_incoming(world.edge, TwilioCall(CALL.call_sid, None, NUMBER, "ringing"))
    assert world.call.caller is None


async def test_an_unknown_number_is_told_so(world: World) -> None:
    document = await handle_twilio_incoming(
        world.edge, TwilioCall(CALL.call_sid, CALLER, "+14155559999", "ringing")
    )
    assert verbs(document) == ["Say", "Hangup"]
    assert "not in use" in (find(document, "Say").text or "")
    assert CALL_PATH not in world.database.documents


def _disabled(world: World) -> None:
    world.seed(enabled=False)


def _closed(world: World) -> None:
    world.seed(hours=[{"weekday": 0, "opens": "09:00", "closes": "17:00"}])  # the clock shows a Wednesday


def _full(world: World) -> None:
    world.seed(tenant={"max_concurrent_calls": 1})
    world.database.documents["tenants/harbor/calls/other"] = {
        "active_until": world.clock().replace(year=2027)
    }


def _livekit_fails(world: World) -> None:
    world.livekit.fails = True


def _livekit_hangs(world: World) -> None:
    world.livekit.hang()


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (_disabled, FallbackReason.AGENT_DISABLED),
        (_closed, FallbackReason.OUTSIDE_HOURS),
        (_full, FallbackReason.AT_CAPACITY),
        (_livekit_fails, FallbackReason.PLATFORM_UNAVAILABLE),
        (_livekit_hangs, FallbackReason.PLATFORM_UNAVAILABLE),
    ],
)
async def test_a_call_that_cannot_reach_the_agent_gets_the_fallback_with_its_reason(
    world: World, monkeypatch: pytest.MonkeyPatch, trouble: Callable[[World], None], reason: FallbackReason
) -> None:
    if trouble is _livekit_hangs:
        # Long enough for what comes before LiveKit, though the garbage collector may step in just then.
        monkeypatch.setattr(handle_incoming, "DEADLINE_SECONDS", 0.5)
    trouble(world)
    document = await world.ring()
    assert find(document, "Say").text == "We are closed."
    assert (world.call.state, world.call.fallback_reason) == ("fallback", reason)
    assert world.call.active_until is None
    assert {"state": "fallback", "reason": reason, "serves": "say"} in world.events("state")
    assert await world.ring() == document


@pytest.mark.parametrize("trouble", ["fails", "hangs"])
async def test_without_firestore_callers_get_the_last_resort(
    world: World, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    monkeypatch.setattr(handle_incoming, "DEADLINE_SECONDS", 0.05)
    monkeypatch.setattr(fallback, "DEADLINE_SECONDS", 0.05)
    monkeypatch.setattr(handle_progress, "BOOKS_SECONDS", 0.05)
    if trouble == "fails":
        world.database.fails = True
    else:
        world.database.hang()
    documents = [
        await world.ring(),
        await handle_twilio_fallback(world.edge, CALL, None),
        await handle_twilio_fallback(world.edge, CALL, "harbor"),
        await handle_dial_result(world.edge, CALL, "harbor", "no-answer"),
    ]
    assert {find(document, "Dial/Number").text for document in documents} == {LAST_RESORT}
    forwarded = await handle_forward_result(world.edge, CALL, "harbor", "no-answer")
    assert verbs(forwarded) == ["Say", "Hangup"]


def test_whatever_hangs_twilio_has_its_answer_before_it_gives_up() -> None:
    """After 15 s; then a caller hears that an application error has occurred."""
    serving = fallback.LOOK_SECONDS + fallback.RECORD_SECONDS
    assert edge.TURN_SECONDS + handle_incoming.DEADLINE_SECONDS + serving < 15
    assert handle_progress.BOOKS_SECONDS + fallback.DEADLINE_SECONDS + serving < 15


async def test_a_call_whose_turn_does_not_come_gets_the_last_resort_in_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge, "TURN_SECONDS", 0.05)
    for _ in range(edge.CALLS_AT_ONCE):
        await world.edge.turns.acquire()
    assert find(await world.ring(), "Dial/Number").text == LAST_RESORT
    world.edge.turns.release()
    assert find(await world.ring(), "Dial/Sip").text


@pytest.mark.parametrize(
    ("agent_fallback", "tenant_number", "expected"),
    [
        (ForwardFallback(number=PERSON), None, ["Dial"]),
        (VoicemailFallback(), None, ["Say", "Record", "Say", "Hangup"]),
        (SAY, PERSON, ["Say", "Hangup"]),
        (None, PERSON, ["Dial"]),
        (None, None, ["Say", "Hangup"]),
    ],
)
async def test_the_fallback_is_the_agents_own_else_the_tenants_number_else_an_apology(
    world: World, agent_fallback: Any, tenant_number: str | None, expected: list[str]
) -> None:
    world.seed(enabled=False, fallback=agent_fallback, tenant={"fallback_number": tenant_number})
    document = await world.ring()
    assert verbs(document) == expected
    if expected == ["Dial"]:
        assert find(document, "Dial/Number").text == PERSON


@pytest.mark.parametrize(("language", "said_in"), [("de-DE", "de-DE"), ("is-IS", None)])
async def test_a_language_that_twilio_does_not_speak_is_left_to_its_default(
    world: World, language: str, said_in: str | None
) -> None:
    world.seed(enabled=False, language=language)
    assert find(await world.ring(), "Say").get("language") == said_in


async def test_a_call_keeps_the_fallback_that_it_started_with(world: World) -> None:
    await world.ring()
    world.seed(fallback=ForwardFallback(number=PERSON))
    call = TwilioCall(CALL.call_sid, CALLER, NUMBER, "in-progress")
    assert verbs(await handle_dial_result(world.edge, call, "harbor", "no-answer")) == ["Say", "Hangup"]
