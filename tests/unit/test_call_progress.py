"""What becomes of a call once it is dialled: Twilio's callbacks, in any order."""

import asyncio

import pytest

from functions.incoming_call import handle_progress
from functions.incoming_call.fallback import handle_twilio_fallback
from functions.incoming_call.handle_progress import (
    handle_dial_result,
    handle_forward_result,
    handle_recording,
    handle_status,
)
from functions.incoming_call.twilio_requests import Params, TwilioCall
from shared.models.agent import ForwardFallback, VoicemailFallback
from shared.models.call import FallbackReason, Outcome, Voicemail
from tests.unit.edge_world import CALL, CALLER, NUMBER, PERSON, SESSION, World, verbs

pytestmark = pytest.mark.unit


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize(
    ("dial_status", "caller_status", "answered", "expected", "outcome", "reason"),
    [
        ("no-answer", "in-progress", False, ["Say", "Hangup"], None, FallbackReason.NO_AGENT),
        ("busy", "in-progress", False, ["Say", "Hangup"], None, FallbackReason.NO_AGENT),
        ("failed", "in-progress", False, ["Say", "Hangup"], None, FallbackReason.PLATFORM_UNAVAILABLE),
        ("completed", "in-progress", True, ["Say", "Hangup"], None, FallbackReason.AGENT_LOST),
        ("canceled", "completed", False, ["Hangup"], Outcome.ABANDONED, None),
        ("canceled", "ringing", False, ["Hangup"], Outcome.ABANDONED, None),
        ("completed", "completed", True, ["Hangup"], Outcome.CALLER_HUNG_UP, None),
    ],
)
async def test_after_the_dial_the_call_is_over_or_the_caller_gets_the_fallback(
    world: World,
    dial_status: str,
    caller_status: str,
    answered: bool,
    expected: list[str],
    outcome: Outcome | None,
    reason: FallbackReason | None,
) -> None:
    await (world.answer() if answered else world.ring())
    call = TwilioCall(CALL.call_sid, CALLER, NUMBER, caller_status)
    for _ in range(2):
        assert verbs(await handle_dial_result(world.edge, call, "harbor", dial_status)) == expected
        assert (world.call.outcome, world.call.fallback_reason) == (outcome, reason)


async def test_a_talk_that_has_its_outcome_ends_with_the_dial(world: World) -> None:
    await world.answer()
    await world.edge.calls.end_call("harbor", SESSION, Outcome.AGENT_ENDED, world.clock())
    call = TwilioCall(CALL.call_sid, CALLER, NUMBER, "in-progress")
    assert verbs(await handle_dial_result(world.edge, call, "harbor", "completed")) == ["Hangup"]
    assert world.call.outcome is Outcome.AGENT_ENDED


async def test_nobody_is_given_a_fallback_of_a_call_that_is_over(world: World) -> None:
    """Somebody ended it on the dashboard: the caller is not to hear a voicemail's prompt after that."""
    await world.answer()
    await world.edge.calls.end_call("harbor", SESSION, Outcome.STOPPED, world.clock())
    call = TwilioCall(CALL.call_sid, CALLER, NUMBER, "in-progress")
    assert verbs(await handle_twilio_fallback(world.edge, call, "harbor")) == ["Hangup"]


async def test_a_caller_who_is_gone_gets_no_fallback_though_the_call_cannot_be_read(world: World) -> None:
    """Or the call would be noted as forwarded, as soon as it can be read again."""
    await world.answer()
    world.database.fails = True
    gone = TwilioCall(CALL.call_sid, CALLER, NUMBER, "completed")
    assert verbs(await handle_dial_result(world.edge, gone, "harbor", "completed")) == ["Hangup"]


async def test_a_fallback_that_the_worker_asked_for_is_served_when_the_dial_ends(world: World) -> None:
    await world.answer()
    assert await world.edge.calls.request_fallback("harbor", SESSION, FallbackReason.MODEL_UNAVAILABLE)
    call = TwilioCall(CALL.call_sid, CALLER, NUMBER, "in-progress")
    assert verbs(await handle_dial_result(world.edge, call, "harbor", "completed")) == ["Say", "Hangup"]
    assert world.call.fallback_reason is FallbackReason.MODEL_UNAVAILABLE
    assert world.call.fallback_served == "say"
    states = [event["state"] for event in world.events("state")]
    assert states.count("fallback") == 1
    assert {"text": "The caller hears a message.", "serves": "say"} in world.events("notice")


@pytest.mark.parametrize(
    ("dial_status", "caller_status", "expected", "outcome"),
    [
        ("completed", "in-progress", ["Hangup"], Outcome.FORWARDED),
        ("completed", "completed", ["Hangup"], Outcome.FORWARDED),
        ("no-answer", "in-progress", ["Say", "Hangup"], Outcome.MESSAGE_PLAYED),
        ("busy", "in-progress", ["Say", "Hangup"], Outcome.MESSAGE_PLAYED),
        ("failed", "in-progress", ["Say", "Hangup"], Outcome.MESSAGE_PLAYED),
        ("no-answer", "completed", ["Hangup"], Outcome.ABANDONED),
        ("canceled", "completed", ["Hangup"], Outcome.ABANDONED),
        ("canceled", "in-progress", ["Hangup"], Outcome.ABANDONED),
    ],
)
async def test_a_forwarded_call_ends_with_what_became_of_it(
    world: World, dial_status: str, caller_status: str, expected: list[str], outcome: Outcome
) -> None:
    world.seed(enabled=False, fallback=ForwardFallback(number=PERSON))
    await world.ring()
    call = TwilioCall(CALL.call_sid, CALLER, NUMBER, caller_status)
    for _ in range(2):
        assert verbs(await handle_forward_result(world.edge, call, "harbor", dial_status)) == expected
        assert world.call.outcome is outcome


@pytest.mark.parametrize("status_first", [True, False])
async def test_a_voicemail_has_its_outcome_and_recording_in_any_order(
    world: World, status_first: bool
) -> None:
    world.seed(enabled=False, fallback=VoicemailFallback())
    await world.ring()
    recording = Voicemail(recording_sid="RE1", recording_url="https://api.twilio.com/RE1", seconds=7)
    over = TwilioCall(CALL.call_sid, CALLER, NUMBER, "completed")

    async def status() -> None:
        await handle_status(world.edge, over)

    async def store() -> None:
        await handle_recording(world.edge, over, "harbor", recording)

    for step in (status, store) if status_first else (store, status):
        await step()
        await step()
    assert (world.call.outcome, world.call.voicemail) == (Outcome.VOICEMAIL, recording)


async def test_while_a_message_cannot_be_stored_a_caller_on_the_line_is_thanked_and_the_callback_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handle_progress, "BOOKS_SECONDS", 0.05)
    world.seed(enabled=False, fallback=VoicemailFallback())
    await world.ring()
    recording = Voicemail(recording_sid="RE1", recording_url="https://api.twilio.com/RE1", seconds=7)
    on_the_line = TwilioCall(CALL.call_sid, None, "", "in-progress")
    callback = TwilioCall.from_params(Params({"CallSid": CALL.call_sid, "RecordingSid": "RE1"}))
    world.database.hang()
    storing = asyncio.create_task(handle_recording(world.edge, callback, "harbor", recording))
    thanks = await handle_recording(world.edge, on_the_line, "harbor", recording)
    assert verbs(thanks) == ["Say", "Hangup"]
    assert world.call.voicemail is None
    world.database.revive()
    await storing
    assert world.call.voicemail == recording


@pytest.mark.parametrize(
    ("answered", "fallback_reason", "status", "outcome"),
    [
        (False, None, "no-answer", Outcome.ABANDONED),
        (False, None, "busy", Outcome.ABANDONED),
        (False, None, "canceled", Outcome.ABANDONED),
        (False, None, "failed", Outcome.FAILED),
        (True, None, "completed", Outcome.CALLER_HUNG_UP),
        (True, FallbackReason.AGENT_LOST, "completed", Outcome.AGENT_LOST),
        (False, FallbackReason.NO_AGENT, "completed", Outcome.ABANDONED),
    ],
)
async def test_the_status_callback_writes_the_outcome_that_nobody_wrote(
    world: World, answered: bool, fallback_reason: FallbackReason | None, status: str, outcome: Outcome
) -> None:
    await (world.answer() if answered else world.ring())
    if fallback_reason:
        await world.edge.calls.request_fallback("harbor", SESSION, fallback_reason)
    await handle_status(world.edge, TwilioCall(CALL.call_sid, CALLER, NUMBER, status))
    assert world.call.outcome is outcome
    assert world.call.active_until is None


@pytest.mark.parametrize("status", ["queued", "initiated", "ringing", "in-progress"])
async def test_a_status_of_a_call_that_goes_on_does_not_end_it(world: World, status: str) -> None:
    """A number may be set to report more than the end."""
    await world.answer()
    await handle_status(world.edge, TwilioCall(CALL.call_sid, CALLER, NUMBER, status))
    assert (world.call.outcome, world.call.state) == (None, "in_progress")


async def test_a_status_that_overtakes_the_webhook_changes_nothing(world: World) -> None:
    before = dict(world.database.documents)
    await handle_status(world.edge, TwilioCall(CALL.call_sid, CALLER, NUMBER, "completed"))
    assert world.database.documents == before
    assert "Sip" in await world.ring()
