"""An agent that does not come or leaves, and a call that nobody ends: LiveKit's webhooks and the watchdog."""

from datetime import timedelta

import pytest
from livekit.protocol.models import DisconnectReason, ParticipantInfo, Room
from livekit.protocol.webhook import WebhookEvent

from functions.incoming_call import tasks
from functions.incoming_call.fallback import handle_twilio_fallback
from functions.incoming_call.handle_progress import (
    handle_dial_result,
)
from functions.incoming_call.tasks import CloseCall, EnsureAgent
from functions.incoming_call.twilio_requests import TwilioCall
from functions.incoming_call.watch_room import handle_livekit_event
from shared.models.call import FallbackReason, Outcome
from shared.services.call_service import cause_of_loss
from tests.unit.edge_world import (
    CALL,
    CALLER,
    METADATA,
    NUMBER,
    ROOM,
    SESSION,
    World,
    agent,
    caller,
    event,
    verbs,
)

pytestmark = pytest.mark.unit


@pytest.fixture
def world() -> World:
    return World()


async def test_a_new_room_is_checked_once_however_often_it_is_announced(world: World) -> None:
    await world.ring()
    for _ in range(2):
        await handle_livekit_event(world.edge, event("room_started"))
    [(url, body, delay)] = world.tasks.tasks.values()
    assert url == "https://voice.example.com/api/v1/tasks/ensure-agent"
    assert EnsureAgent.model_validate(body) == EnsureAgent(room=METADATA, chain="start", attempt=1)
    assert delay.total_seconds() == 1


async def test_an_agent_that_is_there_is_not_asked_for_again(world: World) -> None:
    await world.answer()
    await tasks.ensure_agent(world.edge, EnsureAgent(room=METADATA, chain="start", attempt=1))
    assert world.livekit.dispatches == []
    assert list(world.tasks.tasks) == [f"{SESSION}-overdue", f"{SESSION}-lease-1"]


async def test_an_agent_that_livekit_lists_as_disconnected_is_not_there(world: World) -> None:
    await world.answer()
    world.livekit.rooms[ROOM][0].state = ParticipantInfo.State.DISCONNECTED
    await tasks.ensure_agent(world.edge, EnsureAgent(room=METADATA, chain="start", attempt=1))
    assert world.livekit.dispatches == [(ROOM, METADATA)]


async def test_an_agent_that_did_not_come_is_asked_for_again_once_a_check(world: World) -> None:
    await world.ring()
    for _ in range(2):
        await tasks.ensure_agent(world.edge, EnsureAgent(room=METADATA, chain="start", attempt=1))
    assert world.livekit.dispatches == [(ROOM, METADATA)]
    assert f"{SESSION}-start-2" in world.tasks.tasks
    assert [data["attempt"] for data in world.events("dispatch")] == [1, 2]


async def test_when_no_agent_comes_the_caller_is_led_to_the_fallback(world: World) -> None:
    await world.ring()
    last = EnsureAgent(room=METADATA, chain="start", attempt=tasks.CHECKS_AT_START)
    await tasks.ensure_agent(world.edge, last)
    url = "https://voice.example.com/api/v1/voice/twilio/fallback?tenant=harbor"
    assert world.twilio.redirected == [(CALL.call_sid, url)]
    assert world.livekit.deleted == [ROOM]
    assert world.call.fallback_reason is FallbackReason.NO_AGENT
    assert verbs(await handle_twilio_fallback(world.edge, CALL, "harbor")) == ["Say", "Hangup"]


async def test_a_caller_who_has_had_the_fallback_is_not_led_to_it_again(world: World) -> None:
    await world.ring()
    last = EnsureAgent(room=METADATA, chain="start", attempt=tasks.CHECKS_AT_START)
    await tasks.ensure_agent(world.edge, last)
    await handle_twilio_fallback(world.edge, CALL, "harbor")
    world.twilio.redirected.clear()
    await tasks.ensure_agent(world.edge, last)  # delivered once more
    assert world.twilio.redirected == []


async def test_without_twilios_api_the_room_is_deleted_so_that_the_dial_ends(world: World) -> None:
    await world.ring()
    world.twilio.fails = True
    last = EnsureAgent(room=METADATA, chain="start", attempt=tasks.CHECKS_AT_START)
    await tasks.ensure_agent(world.edge, last)
    assert world.livekit.deleted == [ROOM]
    world.twilio.revive()
    await tasks.ensure_agent(world.edge, last)
    assert len(world.twilio.redirected) == 1


async def test_an_agent_that_leaves_a_talk_is_replaced_at_once_and_only_once(world: World) -> None:
    await world.answer()
    world.livekit.rooms[ROOM] = [caller()]
    for _ in range(2):
        await handle_livekit_event(world.edge, event("participant_left", agent("agent-1")))
    assert world.livekit.dispatches == [(ROOM, METADATA)]
    assert f"{SESSION}-agent-1-1" in world.tasks.tasks


@pytest.mark.parametrize(
    "present",
    [[caller(), agent("agent-2")], []],
    ids=["another agent has taken over", "the caller is gone too"],
)
async def test_an_agent_that_leaves_is_not_replaced_when_nobody_needs_one(
    world: World, present: list[ParticipantInfo]
) -> None:
    await world.answer()
    world.livekit.rooms[ROOM] = present
    await handle_livekit_event(world.edge, event("participant_left", agent("agent-1")))
    assert world.livekit.dispatches == []


async def test_an_agent_that_leaves_an_ended_call_is_not_replaced(world: World) -> None:
    await world.answer()
    await world.edge.calls.end_call("harbor", SESSION, Outcome.AGENT_ENDED, world.clock())
    await handle_livekit_event(world.edge, event("participant_left", agent("agent-1")))
    assert world.livekit.dispatches == []


async def test_replacements_that_do_not_come_lead_to_the_fallback(world: World) -> None:
    await world.answer()
    world.livekit.rooms[ROOM] = [caller()]
    last = EnsureAgent(room=METADATA, chain="agent-1", attempt=tasks.CHECKS_IN_CALL)
    await tasks.ensure_agent(world.edge, last)
    assert world.call.fallback_reason is FallbackReason.AGENT_LOST
    assert len(world.twilio.redirected) == 1


async def test_a_loss_that_the_worker_has_noticed_too_asks_for_one_agent(world: World) -> None:
    await world.answer()
    lease = await world.edge.sessions.claim_lease("harbor", SESSION, "job-1", timedelta(minutes=1))
    releases = await world.edge.releases.get()
    assert await world.edge.calls.note_dispatch("harbor", SESSION, cause_of_loss(lease), releases)
    world.livekit.rooms[ROOM] = [caller()]
    await handle_livekit_event(world.edge, event("participant_left", agent("agent-1")))
    assert world.livekit.dispatches == []
    # The worker may have died with its agent before it asked; a second later somebody looks.
    await tasks.ensure_agent(world.edge, EnsureAgent(room=METADATA, chain="agent-1", attempt=1))
    assert world.livekit.dispatches == [(ROOM, METADATA)]


async def test_joining_is_written_down_with_its_time_since_the_room(world: World) -> None:
    await world.ring()
    for _ in range(2):
        await handle_livekit_event(world.edge, event("participant_joined", agent("agent-1")))
    assert world.events("timing") == [{"name": "agent_joined", "identity": "agent-1", "milliseconds": 400}]


async def test_a_caller_who_hangs_up_ends_the_call(world: World) -> None:
    await world.answer()
    left = caller(DisconnectReason.CLIENT_INITIATED)
    await handle_livekit_event(world.edge, event("participant_left", left))
    assert world.call.outcome is Outcome.CALLER_HUNG_UP


async def test_a_leg_that_ends_while_it_rings_does_not_keep_the_caller_from_the_fallback(
    world: World,
) -> None:
    """livekit-sip tells the same of a caller who gives up and of a Dial that times out; both happen at once
    with the Dial's result."""
    await world.ring()
    left = caller(DisconnectReason.CLIENT_INITIATED)
    await handle_livekit_event(world.edge, event("participant_left", left))
    call = TwilioCall(CALL.call_sid, CALLER, NUMBER, "in-progress")
    assert verbs(await handle_dial_result(world.edge, call, "harbor", "no-answer")) == ["Say", "Hangup"]
    assert world.call.fallback_reason is FallbackReason.NO_AGENT


async def test_a_caller_who_gives_up_while_it_rings_and_of_whom_twilio_says_nothing_is_noted(
    world: World,
) -> None:
    await world.ring()
    left = caller(DisconnectReason.CLIENT_INITIATED)
    await handle_livekit_event(world.edge, event("participant_left", left))
    [(_, body, _)] = world.tasks.tasks.values()
    await tasks.close_call(world.edge, CloseCall.model_validate(body))
    assert world.call.outcome is Outcome.ABANDONED


async def test_a_leg_that_breaks_leaves_the_outcome_to_twilio_for_a_while(world: World) -> None:
    await world.answer()
    left = caller(DisconnectReason.CONNECTION_TIMEOUT)
    await handle_livekit_event(world.edge, event("participant_left", left))
    assert world.call.outcome is None
    [(_, body, _)] = world.tasks.tasks.values()
    await tasks.close_call(world.edge, CloseCall.model_validate(body))
    assert world.call.outcome is Outcome.CALLER_HUNG_UP


@pytest.mark.parametrize(("answered", "outcome"), [(True, Outcome.AGENT_LOST), (False, Outcome.ABANDONED)])
async def test_a_call_that_nobody_ended_is_closed(world: World, answered: bool, outcome: Outcome) -> None:
    await (world.answer() if answered else world.ring())
    for _ in range(2):
        await tasks.close_call(world.edge, CloseCall(room=METADATA, cause="overdue"))
    assert world.call.outcome is outcome
    assert ROOM not in world.livekit.rooms


async def test_a_room_that_ends_while_the_caller_is_with_a_person_does_not_end_the_call(world: World) -> None:
    await world.answer()
    await world.edge.calls.request_fallback("harbor", SESSION, FallbackReason.AGENT_LOST)
    await tasks.close_call(world.edge, CloseCall(room=METADATA, cause="room-finished"))
    assert world.call.outcome is None


async def test_a_test_call_gets_another_agent_and_ends_with_its_room(world: World) -> None:
    """Its caller is in a browser: no Twilio tells of them."""
    await world.answer()
    world.change_call(source="web")
    tester = ParticipantInfo(sid="PA_tester", kind=ParticipantInfo.Kind.STANDARD)
    world.livekit.rooms[ROOM] = [tester]
    await handle_livekit_event(world.edge, event("participant_left", agent("agent-1")))
    assert len(world.call.dispatches) == 2
    await tasks.ensure_agent(world.edge, EnsureAgent(room=METADATA, chain="agent-1", attempt=2))
    assert world.call.fallback_reason is FallbackReason.AGENT_LOST
    assert world.twilio.redirected == []
    assert world.call.outcome is Outcome.AGENT_LOST
    assert ROOM not in world.livekit.rooms


@pytest.mark.parametrize(("answered", "outcome"), [(True, Outcome.AGENT_LOST), (False, Outcome.FAILED)])
async def test_a_test_call_whose_model_fails_ends_at_once_with_its_room(
    world: World, answered: bool, outcome: Outcome
) -> None:
    """There is no phone leg: nothing to redirect, and no Twilio to wait for."""
    await (world.answer() if answered else world.ring())
    world.change_call(source="web")
    await world.edge.calls.request_fallback("harbor", SESSION, FallbackReason.MODEL_UNAVAILABLE)
    for _ in range(2):
        await handle_livekit_event(world.edge, event("room_finished"))
    assert (world.call.state, world.call.outcome) == ("ended", outcome)
    assert world.call.fallback_reason is FallbackReason.MODEL_UNAVAILABLE
    assert (world.tasks.tasks, world.twilio.redirected) == ({}, [])


async def test_a_test_call_that_no_agent_answers_ends_at_once(world: World) -> None:
    await world.ring()
    world.change_call(source="web")
    last = EnsureAgent(room=METADATA, chain="start", attempt=tasks.CHECKS_AT_START)
    for _ in range(2):
        await tasks.ensure_agent(world.edge, last)
    assert world.call.outcome is Outcome.FAILED
    assert world.twilio.redirected == []
    assert ROOM not in world.livekit.rooms


async def test_the_outcome_that_a_test_calls_agent_wrote_stays(world: World) -> None:
    await world.answer()
    world.change_call(source="web")
    await world.edge.calls.end_call("harbor", SESSION, Outcome.AGENT_ENDED, world.clock())
    await handle_livekit_event(world.edge, event("room_finished"))
    assert world.call.outcome is Outcome.AGENT_ENDED


async def test_ids_that_are_none_are_not_made_into_paths(world: World) -> None:
    text = METADATA.model_dump_json().replace("harbor", "harbor/calls/x/events")
    foreign = WebhookEvent(event="room_started", room=Room(name=ROOM, metadata=text))
    await handle_livekit_event(world.edge, foreign)
    assert world.tasks.tasks == {}


async def test_a_room_without_a_call_is_closed(world: World) -> None:
    last = tasks.CHECKS_AT_START
    await tasks.ensure_agent(world.edge, EnsureAgent(room=METADATA, chain="start", attempt=last))
    assert world.livekit.deleted == [ROOM]


async def test_a_room_whose_call_is_committed_late_keeps_its_agent(world: World) -> None:
    await tasks.ensure_agent(world.edge, EnsureAgent(room=METADATA, chain="start", attempt=1))
    [(name, (_, body, _))] = world.tasks.tasks.items()
    assert (world.livekit.deleted, name) == ([], f"{SESSION}-start-2")
    await world.answer()
    await tasks.ensure_agent(world.edge, EnsureAgent.model_validate(body))
    assert (world.livekit.deleted, world.livekit.dispatches) == ([], [])
    assert {f"{SESSION}-lease-1", f"{SESSION}-overdue"} <= world.tasks.tasks.keys()


async def test_events_of_other_rooms_are_none_of_our_business(world: World) -> None:
    before = dict(world.database.documents)
    foreign = WebhookEvent(event="room_started", room=Room(name="other", metadata="{}"))
    await handle_livekit_event(world.edge, foreign)
    assert (world.database.documents, world.tasks.tasks) == (before, {})
