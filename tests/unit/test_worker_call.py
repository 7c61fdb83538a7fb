"""How a call ends: what happened is written down, and nobody is left in the room."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from livekit import rtc
from livekit.agents import FunctionToolsExecutedEvent, UserInputTranscribedEvent, llm

from shared.models.call import CallState, Outcome
from tests.unit.worker_call_rig import Rig, SlowTool, idle_call, voice
from tests.unit.worker_fakes import NOW, ROOM, FakeParticipant, FakeRoom
from tests.waiting import eventually
from worker import call as call_module
from worker import history
from worker.agent_executor import CUT_SHORT
from worker.call import Call
from worker.call_end import STEP_ATTEMPTS
from worker.conversation import Conversation

pytestmark = pytest.mark.unit


@pytest.fixture
async def rig(monkeypatch: pytest.MonkeyPatch) -> Rig:
    return await idle_call(monkeypatch)


async def test_how_long_an_agent_takes_to_be_ready_is_told_without_the_time_until_its_caller_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Joining the room counts ("Agent start slow" is alarmed by it); how long Twilio dials does not."""

    async def nothing(*_: Any, **__: Any) -> None:
        return

    monkeypatch.setattr(Conversation, "start", nothing)
    rig = await Rig.start(began=time.monotonic() - 2)
    serving = asyncio.create_task(rig.call.serve())
    rig.call.connected()
    timings = await eventually(rig.timings)
    assert list(timings) == ["agent_ready"]
    assert timings["agent_ready"] >= 2000
    serving.cancel()


@pytest.mark.parametrize("ending", ["fallback", "ended"])
async def test_a_room_that_cannot_be_deleted_at_once_is_deleted_all_the_same(rig: Rig, ending: str) -> None:
    rig.services.livekit.failures = STEP_ATTEMPTS - 1
    if ending == "fallback":
        rig.call.conversation_closed(error=True)
    else:
        await rig.call.hang_up()
    await asyncio.wait_for(rig.call.serve(), 5)
    assert rig.services.livekit.deleted == [ROOM]
    expected = (CallState.FALLBACK, None) if ending == "fallback" else (CallState.ENDED, Outcome.AGENT_ENDED)
    assert await rig.state() == expected


async def test_an_outcome_that_cannot_be_written_for_good_does_not_keep_the_caller_in_the_room(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.services.database.documents["tenants/harbor/calls/ca1"]["state"] = "no state of ours"
    await rig.call.hang_up()
    await asyncio.wait_for(rig.call.serve(), 5)
    assert rig.services.livekit.deleted == [ROOM]
    assert "a step of the call's end broke" in caplog.text


@pytest.mark.parametrize("speaking", [True, False])
async def test_what_a_function_did_says_whether_the_agents_turn_is_still_to_come(
    rig: Rig, speaking: bool
) -> None:
    rig.call.agent_speaks(True)
    rig.call.agent_speaks(speaking)
    tool = asyncio.create_task(rig.call._executor.run_tool("slow", action="run"))
    rig.call.conversation_closed(error=True)
    await asyncio.wait_for(rig.call.serve(), 5)
    await asyncio.wait([tool])
    [event] = await rig.events("tool_call")
    assert event["in_turn"] is speaking


async def test_the_callers_turn_that_cut_the_agent_short_overlaps_it(rig: Rig) -> None:
    """Each is written down when it is over, and stands where it began."""
    voice(rig)
    rig.call._watch.caller_understood("t1")
    rig.call.agent_speaks(True)
    voice(rig)
    rig.call.agent_speaks(False)
    rig.call.turn_added("caller", "Hello.", interrupted=False, at=NOW - timedelta(seconds=2), turn="t1")
    rig.call.turn_added("agent", "We are", interrupted=True, at=NOW - timedelta(seconds=1), turn="r1")
    rig.call._watch.caller_understood("t2")
    rig.call.turn_added("caller", "Wait.", interrupted=False, at=NOW, turn="t2")
    rig.call.conversation_closed(error=True)
    await asyncio.wait_for(rig.call.serve(), 5)
    first, agent, second = await rig.events("turn")
    assert ("voice_from" in first, "voice_from" in agent) == (True, False)
    assert datetime.fromisoformat(second["voice_from"]) < NOW
    assert datetime.fromisoformat(second["voice_until"]) <= NOW


def hangs_up(rig: Rig) -> None:
    rig.call._answered = True
    rig.call._on_caller_left(hung_up=True)


def model_is_lost(rig: Rig) -> None:
    rig.call.conversation_closed(error=True)


def worker_stops(rig: Rig) -> None:
    rig.call.conversation_closed(error=False)


@pytest.mark.parametrize("happens", [hangs_up, model_is_lost, worker_stops])
async def test_what_an_agent_used_counts_however_it_leaves(rig: Rig, happens: Callable[[Rig], None]) -> None:
    rig.call._call_end._generation = 2
    happens(rig)
    await asyncio.wait_for(rig.call.serve(), 5)
    used = (await rig.services.calls.get_call("harbor", "ca1")).agent_usage
    assert list(used) == ["2"]
    assert "agent_seconds" in used["2"]


async def test_only_the_first_reason_to_leave_counts(rig: Rig) -> None:
    hangs_up(rig)
    rig.call._on_disconnected(rtc.DisconnectReason.ROOM_DELETED)
    model_is_lost(rig)
    await asyncio.wait_for(rig.call.serve(), 5)
    assert await rig.state() == (CallState.ENDED, Outcome.CALLER_HUNG_UP)


async def test_what_happened_in_a_call_is_kept_no_longer_than_the_call(rig: Rig) -> None:
    expires_at = rig.call._snapshot.expires_at
    model_is_lost(rig)
    await asyncio.wait_for(rig.call.serve(), 5)
    documents = rig.services.database.documents
    kept = [each["expires_at"] for path, each in documents.items() if "/events/worker-1-" in path]
    assert kept == [expires_at]


@pytest.mark.parametrize("permitted", [True, False])
async def test_what_is_said_is_logged_only_where_the_tenant_wants_it(
    rig: Rig, caplog: pytest.LogCaptureFixture, permitted: bool
) -> None:
    agent = rig.call._snapshot.agent.model_copy(update={"log_spoken_words": permitted})
    rig.call._snapshot = rig.call._snapshot.model_copy(update={"agent": agent})
    with caplog.at_level("INFO"):
        rig.call.turn_added("caller", "I am ill.", interrupted=False, at=NOW, turn="t1")
        model_is_lost(rig)
        await asyncio.wait_for(rig.call.serve(), 5)
    assert any("I am ill." in str(vars(record)) for record in caplog.records) is permitted


@pytest.mark.parametrize("handed_over", [True, False])
async def test_a_tool_that_outlasts_the_call_leaves_an_event(rig: Rig, handed_over: bool) -> None:
    tool = asyncio.create_task(rig.call._executor.run_tool("slow", action="run"))
    await asyncio.sleep(0)
    rig.call.conversation_closed(error=not handed_over)
    await asyncio.wait_for(rig.call.serve(), 5)
    assert tool.cancelled()
    [event] = await rig.events("tool_call")
    assert (event["tool"], event["ok"], event["sentence"]) == ("slow", False, CUT_SHORT)


@pytest.mark.parametrize("handed_over", [True, False])
async def test_a_tool_gets_time_to_finish_unless_the_caller_waits_for_the_next_agent(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, handed_over: bool
) -> None:
    finished = asyncio.Event()

    async def execute(*_: Any) -> dict[str, Any]:
        await finished.wait()
        return {"id": "e1"}

    async def break_off() -> None:
        await asyncio.sleep(0.01)
        if not handed_over:
            finished.set()

    monkeypatch.setattr(SlowTool, "execute", execute)
    monkeypatch.setattr(call_module, "TOOLS_FINISH_WITHIN", 10)
    monkeypatch.setattr(rig.call._conversation, "break_off", break_off)
    tool = asyncio.create_task(rig.call._executor.run_tool("slow", action="run"))
    await asyncio.sleep(0)
    rig.call.conversation_closed(error=not handed_over)
    await asyncio.wait_for(rig.call.serve(), 5)
    await asyncio.wait([tool])
    [event] = await rig.events("tool_call")
    assert event["ok"] is not handed_over


async def test_what_was_being_said_when_the_caller_hung_up_is_in_the_transcript(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def break_off() -> None:
        await asyncio.sleep(0.01)
        rig.call.turn_added("agent", "We are open", interrupted=True, at=NOW, turn="t1")

    monkeypatch.setattr(rig.call._conversation, "break_off", break_off)
    rig.call._answered = True
    rig.call._on_caller_left(hung_up=True)
    await asyncio.wait_for(rig.call.serve(), 5)
    assert [turn["text"] for turn in await rig.events("turn")] == ["We are open"]


async def test_a_caller_whose_words_are_written_down_is_not_silent_however_softly_they_speak(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoke: list[bool] = []
    monkeypatch.setattr(rig.call._watch, "caller_spoke", lambda: spoke.append(True))
    written = UserInputTranscribedEvent(transcript="Hello?", is_final=False)
    rig.call._conversation.session.emit("user_input_transcribed", written)
    assert spoke == [True]
    model_is_lost(rig)
    await asyncio.wait_for(rig.call.serve(), 5)


async def test_a_function_that_does_not_exist_is_noted_and_a_reply_to_its_refusal_owed(rig: Rig) -> None:
    call = llm.FunctionCall(call_id="c1", name="make_coffee", arguments="{}")
    output = llm.FunctionCallOutput(call_id="c1", name="make_coffee", output="Unknown", is_error=True)
    known = llm.FunctionCall(call_id="c2", name="slow", arguments="{}")
    known_output = llm.FunctionCallOutput(call_id="c2", name="slow", output="{}", is_error=False)
    event = FunctionToolsExecutedEvent(
        function_calls=[call, known], function_call_outputs=[output, known_output]
    )
    rig.call._conversation.session.emit("function_tools_executed", event)
    assert rig.call._watch.is_reply_owed()
    rig.call.conversation_closed(error=True)
    await asyncio.wait_for(rig.call.serve(), 5)
    [notice] = [data for data in await rig.events("notice") if "function" in data]
    assert notice["function"] == "make_coffee"


async def test_an_agent_that_takes_over_is_told_what_the_first_one_did(rig: Rig) -> None:
    rig.call._log.turn("caller", "Run it, please.")
    rig.call._log.add("tool_call", tool="slow", action="run", arguments={}, ok=True, result={"id": "e1"})
    rig.call.conversation_closed(error=False)
    await asyncio.wait_for(rig.call.serve(), 5)
    services: Any = rig.services
    lease = await services.sessions.claim_lease("harbor", "ca1", "job-2", timedelta(minutes=1))
    snapshot = await services.sessions.get_session("harbor", "ca1")
    context: Any = SimpleNamespace(room=FakeRoom(), local_participant_identity="agent-2")
    successor = Call(context, services, snapshot, lease, began=time.monotonic())
    earlier = await successor._earlier()
    assert earlier is not None
    said, done = (message.text_content or "" for message in earlier.messages())
    assert said == "Run it, please."
    assert '"function": "slow"' in done
    assert '"e1"' in done
    successor.conversation_closed(error=True)
    await asyncio.wait_for(successor.serve(), 5)


@pytest.mark.parametrize("answered", [True, False])
async def test_an_agent_that_cannot_read_what_was_said_serves_the_caller_all_the_same(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, answered: bool
) -> None:
    monkeypatch.setattr(history, "READ_WITHIN", 0.05)
    rig.call._generation = 2
    rig.services.database.fails = True
    asked: list[str] = []
    monkeypatch.setattr(rig.call._conversation, "ask", asked.append)
    found = await rig.call._earlier()
    rig.services.database.revive()
    assert found is None
    caller: Any = FakeParticipant(attributes={"sip.callStatus": "active" if answered else "ringing"})
    rig.call._caller.participant = caller
    rig.call._open(found)
    [opening] = asked
    assert ("tell you once more" in opening, "Greet the caller" in opening) == (answered, not answered)
    rig.call.conversation_closed(error=True)
    await asyncio.wait_for(rig.call.serve(), 5)
    assert "could not be read" in (await rig.events("notice"))[0]["text"]


async def test_a_function_that_the_model_called_off_owes_no_reply_when_it_ends(rig: Rig) -> None:
    tool = asyncio.create_task(rig.call._executor.run_tool("slow", action="run", call_id="c1"))
    await asyncio.sleep(0)
    assert rig.call._watch.in_exchange()
    model_session: Any = SimpleNamespace(is_called_off={"c1"}.__contains__)
    rig.call._conversation._model.phone_session = model_session
    rig.call.functions_called_off()
    assert not rig.call._watch.in_exchange()
    tool.cancel()
    await asyncio.wait([tool])
    assert not rig.call._watch.is_reply_owed()
    rig.call.conversation_closed(error=True)
    await asyncio.wait_for(rig.call.serve(), 5)


async def test_a_function_that_was_called_off_beside_another_changes_nothing_for_that(rig: Rig) -> None:
    tools = [
        asyncio.create_task(rig.call._executor.run_tool("slow", action="run", call_id=call_id))
        for call_id in ("c1", "c2")
    ]
    await asyncio.sleep(0)
    model_session: Any = SimpleNamespace(is_called_off={"c1"}.__contains__)
    rig.call._conversation._model.phone_session = model_session
    rig.call.functions_called_off()
    assert rig.call._watch.agent_idle_for() == 0
    for tool in tools:
        tool.cancel()
    await asyncio.wait(tools)
    rig.call._conversation._model.phone_session = None
    model_is_lost(rig)
    await asyncio.wait_for(rig.call.serve(), 5)


async def test_a_model_is_told_nothing_after_the_call(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []

    async def tell(notes: Any) -> None:
        told.append(notes)

    monkeypatch.setattr(rig.call._conversation, "tell", tell)
    model_is_lost(rig)
    rig.call.functions_called_off()
    await asyncio.wait_for(rig.call.serve(), 5)
    assert told == []


@pytest.mark.parametrize("ends_first", [True, False])
async def test_the_model_is_told_of_what_was_done_though_it_had_called_it_off(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, ends_first: bool
) -> None:
    called_off, told = set[str](), list[str]()

    async def tell(notes: Callable[[], list[str]]) -> None:
        told.extend(notes())

    go_on = asyncio.Event()

    async def execute(*_: Any) -> dict[str, Any]:
        await go_on.wait()
        return {"id": "e1"}

    monkeypatch.setattr(SlowTool, "execute", execute)
    model_session: Any = SimpleNamespace(is_called_off=called_off.__contains__, tell=tell)
    rig.call._conversation._model.phone_session = model_session
    tool = asyncio.create_task(rig.call._executor.run_tool("slow", action="run", call_id="c1"))
    await asyncio.sleep(0)
    if ends_first:
        go_on.set()
        await tool
    called_off.add("c1")
    rig.call.functions_called_off()
    await eventually(lambda: told, "the model is told at once")
    go_on.set()
    await tool
    await eventually(lambda: any('"e1"' in note for note in told), "the model is told what came of it")
    rig.call.functions_called_off()
    rig.call.conversation_closed(error=True)
    await asyncio.wait_for(rig.call.serve(), 5)
    assert len(told) == (1 if ends_first else 2)
    assert all('"slow"' in note for note in told)
    assert "being done" in told[0] or ends_first
    notices = [data["text"] for data in await rig.events("notice") if "function" in data]
    assert [notice.partition(" that")[0] for notice in notices] == [
        *([] if ends_first else ["A function runs on"]),
        "A function was done",
    ]
