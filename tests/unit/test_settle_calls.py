"""Twilio tells each thing once. What could not be written then is asked for.

No call stays without an outcome, and no message is lost.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from functions.incoming_call.handle_progress import handle_recording
from functions.incoming_call.settle_calls import MESSAGES_WITHIN, settle_calls
from functions.incoming_call.twilio_requests import Params, TwilioCall
from shared.errors import UnavailableError
from shared.gateways.twilio import AccountCall, AccountRecording
from shared.models.agent import ForwardFallback, VoicemailFallback
from shared.models.call import FallbackReason, Outcome, Voicemail
from tests.unit.edge_world import CALL, CALL_PATH, CALLER, NUMBER, PERSON, ROOM, SESSION, World

pytestmark = pytest.mark.unit

SID = CALL.call_sid
RECORDING = AccountRecording("RE1", SID, "https://api.twilio.com/Recordings/RE1", 7, is_ready=True)
VOICEMAIL = Voicemail(recording_sid="RE1", recording_url=RECORDING.url, seconds=7)
CALLBACK = TwilioCall.from_params(Params({"CallSid": SID, "RecordingSid": "RE1"}))


@pytest.fixture
def world() -> World:
    return World()


async def unexpected(*_: Any, **__: Any) -> Any:
    pytest.fail("Twilio is asked")


def twilio_has(world: World, status: str, *, ended_after: float | None = None) -> None:
    started = world.clock()
    ended = None if ended_after is None else started + timedelta(seconds=ended_after)
    world.twilio.calls[SID] = AccountCall(CALLER, NUMBER, status, started, ended)


async def test_a_message_that_could_not_be_stored_either_time_is_fetched_from_twilio(world: World) -> None:
    world.seed(enabled=False, fallback=VoicemailFallback())
    await world.ring()
    world.database.fails = True
    for status in ("in-progress", ""):
        await handle_recording(world.edge, TwilioCall(SID, None, "", status), "harbor", VOICEMAIL)
    world.database.revive()
    twilio_has(world, "completed", ended_after=30)
    world.twilio.recordings[SID] = [RECORDING]
    world.clock.advance(minutes=5)
    assert await settle_calls(world.edge) == 1
    assert (world.call.outcome, world.call.voicemail) == (Outcome.VOICEMAIL, VOICEMAIL)
    assert world.call.ended_at == world.twilio.calls[SID].ended_at
    assert "tenants/harbor/recordings/RE1" in world.database.documents, "it goes when its call expires"
    assert await settle_calls(world.edge) == 0


async def test_a_message_is_fetched_also_when_the_call_has_its_outcome(world: World) -> None:
    world.seed(enabled=False, fallback=VoicemailFallback())
    await world.ring()
    await world.edge.calls.end_call("harbor", SESSION, Outcome.VOICEMAIL, world.clock())
    unfinished = replace(RECORDING, seconds=0, is_ready=False)
    world.twilio.recordings[SID] = [unfinished]
    assert await settle_calls(world.edge) == 0
    world.twilio.recordings[SID] = [RECORDING]
    assert await settle_calls(world.edge) == 1
    assert world.call.voicemail == VOICEMAIL


async def test_a_caller_who_left_no_message_is_not_asked_about_for_ever(world: World) -> None:
    world.seed(enabled=False, fallback=VoicemailFallback())
    await world.ring()
    await world.edge.calls.end_call("harbor", SESSION, Outcome.VOICEMAIL, world.clock())
    world.clock.advance(seconds=MESSAGES_WITHIN.total_seconds() + 1)
    world.twilio.recordings_of = unexpected
    assert await settle_calls(world.edge) == 0


async def test_a_message_of_a_call_that_could_not_be_written_down_is_kept(world: World) -> None:
    """Of one that never got a session, nothing is stored when writing that it gets the voicemail fails."""
    world.seed(enabled=False, fallback=VoicemailFallback())
    document = await world.ring()
    assert "Record" in document
    for path in [path for path in world.database.documents if path.startswith(CALL_PATH)]:
        del world.database.documents[path]
    twilio_has(world, "in-progress")
    world.twilio.recordings[SID] = [replace(RECORDING, is_ready=False)]
    began = world.clock()
    world.clock.advance(minutes=1)
    for _ in range(2):
        await handle_recording(world.edge, CALLBACK, "harbor", VOICEMAIL)
    assert (world.call.outcome, world.call.voicemail) == (Outcome.VOICEMAIL, VOICEMAIL)
    assert (world.call.caller, world.call.called, world.call.started_at) == (CALLER, NUMBER, began)
    assert world.call.fallback_reason is FallbackReason.PLATFORM_UNAVAILABLE


@pytest.mark.parametrize("by", ["Twilio's late callback", "the scheduled look"])
async def test_a_call_that_was_deleted_does_not_come_back_with_its_message(world: World, by: str) -> None:
    """Deleting removes the message at Twilio, then the call; what tells of the message may be on its way."""
    await leave_message_while_firestore_fails(world)  # Twilio knows the call, we have nothing of it
    del world.twilio.recordings[SID]
    if by == "the scheduled look":

        async def listed_before(since: datetime) -> list[AccountRecording]:
            return [RECORDING]

        world.twilio.messages_since = listed_before
        assert await settle_calls(world.edge) == 0
    else:
        await handle_recording(world.edge, CALLBACK, "harbor", VOICEMAIL)
    assert not any("/calls/" in path or "/recordings/" in path for path in world.database.documents)


async def test_a_message_for_a_number_that_has_another_tenant_by_now_is_nobodys(world: World) -> None:
    twilio_has(world, "completed")
    world.twilio.recordings[SID] = [RECORDING]
    await handle_recording(world.edge, CALLBACK, "acme", VOICEMAIL)
    assert not any("/calls/" in path for path in world.database.documents)


async def leave_message_while_firestore_fails(world: World) -> datetime:
    """From the fallback to both callbacks, of a call without a session: Twilio alone knows of it."""
    world.seed(enabled=False, fallback=VoicemailFallback())
    assert "Record" in await world.ring()
    world.database.documents = {
        path: fields for path, fields in world.database.documents.items() if not path.startswith(CALL_PATH)
    }
    twilio_has(world, "completed", ended_after=30)
    world.twilio.recordings[SID] = [RECORDING]
    began = world.clock()
    world.clock.advance(minutes=30)
    return began


async def test_a_message_of_a_call_of_which_nothing_could_be_written_is_found_with_its_call(
    world: World,
) -> None:
    began = await leave_message_while_firestore_fails(world)
    assert await settle_calls(world.edge) == 1
    assert (world.call.outcome, world.call.voicemail) == (Outcome.VOICEMAIL, VOICEMAIL)
    assert (world.call.caller, world.call.called, world.call.started_at) == (CALLER, NUMBER, began)
    assert world.call.ended_at == began + timedelta(seconds=30)
    assert "tenants/harbor/recordings/RE1" in world.database.documents, "it goes when its call expires"
    world.twilio.find_call = unexpected
    assert await settle_calls(world.edge) == 0


@pytest.mark.parametrize(
    "held",
    [None, {"tenant_id": "harbor", "agent_id": "reception"}],
    ids=["nobody", "attached since the call"],
)
async def test_a_message_on_a_number_that_nobody_held_at_the_time_is_nobodys(
    world: World, held: dict[str, Any] | None
) -> None:
    """Another application's of the same account, or the number's former tenant's."""
    await leave_message_while_firestore_fails(world)
    del world.database.documents[f"phone_numbers/{NUMBER}"]
    if held is not None:
        world.database.documents[f"phone_numbers/{NUMBER}"] = held | {"attached_at": world.clock()}
    assert await settle_calls(world.edge) == 0
    assert not any("/calls/" in path for path in world.database.documents)


async def test_a_message_whose_caller_is_still_on_the_line_is_left_to_twilios_word(world: World) -> None:
    await leave_message_while_firestore_fails(world)
    twilio_has(world, "in-progress")
    assert await settle_calls(world.edge) == 0
    assert CALL_PATH not in world.database.documents


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("completed", Outcome.FORWARDED), ("failed", Outcome.FAILED), (None, Outcome.FORWARDED)],
)
async def test_a_fallback_of_whose_end_nobody_told_gets_its_outcome(
    world: World, status: str | None, outcome: Outcome
) -> None:
    """It never had a room, so nothing but Twilio's status callback would have ended it."""
    world.seed(enabled=False, fallback=ForwardFallback(number=PERSON))
    await world.ring()
    if status is not None:
        twilio_has(world, status)
    world.clock.advance(minutes=5)
    assert await settle_calls(world.edge) == 1
    assert (world.call.outcome, world.call.ended_at) == (outcome, world.clock())


async def test_a_caller_who_is_still_with_a_person_is_left_alone(world: World) -> None:
    world.seed(enabled=False, fallback=ForwardFallback(number=PERSON))
    await world.ring()
    twilio_has(world, "in-progress")
    world.clock.advance(hours=3)
    assert await settle_calls(world.edge) == 0
    assert world.call.outcome is None


async def test_calls_that_are_watched_are_not_asked_about_until_their_longest_time_is_over(
    world: World,
) -> None:
    await world.answer()
    twilio_has(world, "completed", ended_after=60)
    world.clock.advance(minutes=5)
    assert await settle_calls(world.edge) == 0
    world.clock.advance(hours=1)
    assert await settle_calls(world.edge) == 1
    assert world.call.outcome is Outcome.CALLER_HUNG_UP


async def test_a_test_call_that_nobody_ended_is_closed_without_twilio(world: World) -> None:
    await world.answer()
    world.change_call(source="web")
    world.twilio.find_call = unexpected
    world.clock.advance(hours=1)
    assert await settle_calls(world.edge) == 1
    assert (world.call.outcome, ROOM in world.livekit.rooms) == (Outcome.AGENT_LOST, False)


async def test_a_call_that_cannot_be_settled_is_tried_again(world: World) -> None:
    world.seed(enabled=False)
    await world.ring()
    world.clock.advance(minutes=5)
    world.twilio.fails = True
    with pytest.raises(UnavailableError):
        await settle_calls(world.edge)
    world.twilio.revive()
    assert await settle_calls(world.edge) == 1
