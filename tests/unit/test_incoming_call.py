"""What a caller gets for each state of the world, and what is written down about it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from livekit.protocol.models import DisconnectReason, ParticipantInfo, Room
from livekit.protocol.webhook import WebhookEvent

from functions.incoming_call import edge, fallback, handle_incoming, handle_progress, tasks
from functions.incoming_call.edge import Edge
from functions.incoming_call.fallback import handle_twilio_fallback
from functions.incoming_call.handle_incoming import handle_twilio_incoming
from functions.incoming_call.handle_progress import (
    handle_dial_result,
    handle_forward_result,
    handle_recording,
    handle_status,
)
from functions.incoming_call.settings import EdgeSettings
from functions.incoming_call.tasks import CloseCall, EnsureAgent
from functions.incoming_call.twilio_requests import Params, TwilioCall
from functions.incoming_call.watch_room import handle_livekit_event
from shared.models.agent import Agent, ForwardFallback, SayFallback, VoicemailFallback
from shared.models.call import Call, FallbackReason, Outcome, Voicemail
from shared.models.session import RoomMetadata, SessionSnapshot
from shared.models.tenant import Tenant
from shared.services.call_service import cause_of_loss
from tests.fakes import FakeClock, FakeDatabase, FakeLiveKit, FakeTasks, FakeTwilio

pytestmark = pytest.mark.unit

NUMBER, CALLER, PERSON, LAST_RESORT = "+14155550100", "+14155550123", "+14155550177", "+14155550199"
CALL = TwilioCall("CA" + "0a" * 16, CALLER, NUMBER, "ringing")
SESSION = CALL.session_id
ROOM = f"call-{SESSION}"
METADATA = RoomMetadata(tenant_id="harbor", agent_id="reception", session_id=SESSION)
CALL_PATH = f"tenants/harbor/calls/{SESSION}"
SAY = SayFallback(text="We are closed.")
ENV = {
    "GOOGLE_CLOUD_PROJECT": "project",
    "LIVEKIT_URL": "wss://livekit.example.com",
    "LIVEKIT_API_KEY": "key",
    "LIVEKIT_API_SECRET": "s" * 32,
    "PUBLIC_URL": "https://voice.example.com/",
    "TWILIO_ACCOUNT_SID": "AC1",
    "TWILIO_AUTH_TOKEN": "token",
    "SIP_HOST": "sip.example.com",
    "SIP_USERNAME": "trunk",
    "SIP_PASSWORD": "secret",
    "TASKS_QUEUE": "projects/p/locations/l/queues/q",
    "TASKS_SERVICE_ACCOUNT": "tasks@example.com",
    "FALLBACK_NUMBER": LAST_RESORT,
}


@dataclass
class World:
    database: FakeDatabase = field(default_factory=FakeDatabase)
    livekit: FakeLiveKit = field(default_factory=FakeLiveKit)
    tasks: FakeTasks = field(default_factory=FakeTasks)
    twilio: FakeTwilio = field(default_factory=FakeTwilio)
    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        fakes: Any = (self.database, self.livekit, self.tasks, self.twilio)
        self.edge = Edge(EdgeSettings.from_env(ENV), *fakes, now=self.clock)
        self.seed()

    def seed(self, *, tenant: dict[str, Any] | None = None, **agent: Any) -> None:
        settings = {"name": "Reception", "instructions": "Help.", "fallback": SAY} | agent
        self.database.documents |= {
            f"phone_numbers/{NUMBER}": {"tenant_id": "harbor", "agent_id": "reception"},
            "tenants/harbor": Tenant(name="Harbor", **tenant or {}).to_firestore(),
            "tenants/harbor/agents/reception": Agent(**settings).to_firestore(),
            "tenants/harbor/agents/reception/agent_tools/end_call": {"slug": "end_call", "enabled": True},
            "tenants/harbor/agents/reception/agent_tools/send_email": {"slug": "send_email"},
        }

    @property
    def call(self) -> Call:
        return Call.from_firestore(self.database.documents[CALL_PATH])

    def change_call(self, **fields: Any) -> None:
        self.database.documents[CALL_PATH] |= fields

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [
            fields["data"]
            for path, fields in self.database.documents.items()
            if path.startswith(f"{CALL_PATH}/events/") and fields["kind"] == kind
        ]

    async def ring(self) -> str:
        return await handle_twilio_incoming(self.edge, CALL)

    async def answer(self) -> None:
        await self.ring()
        await self.edge.calls.mark_answered("harbor", SESSION, self.clock())
        self.livekit.rooms[ROOM] = [agent("agent-1"), caller()]


@pytest.fixture
def world() -> World:
    return World()


def verbs(document: str) -> list[str]:
    return [element.tag for element in ElementTree.fromstring(document)]


def find(document: str, path: str) -> ElementTree.Element:
    element = ElementTree.fromstring(document).find(path)
    assert element is not None, document
    return element


def agent(sid: str) -> ParticipantInfo:
    return ParticipantInfo(
        sid=sid, identity=sid, kind=ParticipantInfo.Kind.AGENT, joined_at_ms=1_700_000_000_400
    )


def caller(reason: int = DisconnectReason.UNKNOWN_REASON) -> ParticipantInfo:
    return ParticipantInfo(
        sid="PA_caller",
        identity=f"sip_{CALLER}",
        kind=ParticipantInfo.Kind.SIP,
        disconnect_reason=DisconnectReason.Name(reason),
        joined_at_ms=1_700_000_000_500,
    )


def event(name: str, participant: ParticipantInfo | None = None) -> WebhookEvent:
    room = Room(name=ROOM, metadata=METADATA.model_dump_json(), creation_time_ms=1_700_000_000_000)
    return WebhookEvent(event=name, room=room, participant=participant)


async def test_a_call_is_dialled_into_its_room_and_its_session_holds_the_enabled_tools(world: World) -> None:
    document = await world.ring()

    dial, sip = find(document, "Dial"), find(document, "Dial/Sip")
    assert sip.text == f"sip:{ROOM}@sip.example.com;transport=tls"
    assert (sip.get("username"), sip.get("password")) == ("trunk", "secret")
    assert dial.get("answerOnBridge") == "true"
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
    monkeypatch.setattr(handle_incoming, "DEADLINE_SECONDS", 0.05)
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


@pytest.mark.parametrize(
    ("dial_status", "caller_status", "answered", "expected", "outcome", "reason"),
    [
        ("no-answer", "in-progress", False, ["Say", "Hangup"], None, FallbackReason.NO_AGENT),
        ("busy", "in-progress", False, ["Say", "Hangup"], None, FallbackReason.NO_AGENT),
        ("failed", "in-progress", False, ["Say", "Hangup"], None, FallbackReason.PLATFORM_UNAVAILABLE),
        ("completed", "in-progress", True, ["Say", "Hangup"], None, FallbackReason.AGENT_LOST),
        ("canceled", "completed", False, ["Hangup"], Outcome.ABANDONED, None),
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


async def test_a_fallback_that_the_worker_asked_for_is_served_when_the_dial_ends(world: World) -> None:
    await world.answer()
    assert await world.edge.calls.request_fallback("harbor", SESSION, FallbackReason.MODEL_UNAVAILABLE)
    call = TwilioCall(CALL.call_sid, CALLER, NUMBER, "in-progress")
    assert verbs(await handle_dial_result(world.edge, call, "harbor", "completed")) == ["Say", "Hangup"]
    assert world.call.fallback_reason is FallbackReason.MODEL_UNAVAILABLE
    assert world.call.fallback_served == "say"


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


@pytest.mark.parametrize(
    ("dial_status", "caller_status", "expected", "outcome"),
    [
        ("completed", "in-progress", ["Hangup"], Outcome.FORWARDED),
        ("no-answer", "in-progress", ["Say", "Hangup"], Outcome.MESSAGE_PLAYED),
        ("canceled", "completed", ["Hangup"], Outcome.ABANDONED),
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


async def test_a_status_that_overtakes_the_webhook_changes_nothing(world: World) -> None:
    before = dict(world.database.documents)
    await handle_status(world.edge, TwilioCall(CALL.call_sid, CALLER, NUMBER, "completed"))
    assert world.database.documents == before
    assert "Sip" in await world.ring()


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
