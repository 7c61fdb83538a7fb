"""What an agent does for its caller, step by step, and what each thing that may become due leads to."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, Literal

import pytest
from livekit import rtc
from livekit.agents import llm

from shared.errors import UnavailableError
from shared.models.call import CallState, FallbackReason, Outcome
from shared.services import agent_prompt
from shared.services.session_service import RELEASED
from tests.unit.worker_call_rig import Rig
from tests.unit.worker_fakes import ROOM, FakeParticipant
from tests.waiting import eventually
from worker import call as call_module
from worker import goodbye
from worker import worker as worker_module
from worker.call import Call
from worker.call_watch import Due
from worker.conversation import Conversation

pytestmark = pytest.mark.unit

CALL = "tenants/harbor/calls/ca1"
IDENTITY = FakeParticipant().identity


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is done with the conversation, in order."""
    done: list[str] = []

    async def start(*_: Any, **__: Any) -> None:
        done.append("start")

    def ask(_: Conversation, instructions: str) -> "asyncio.Future[bool]":
        done.append(instructions)
        heard: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        heard.set_result(True)
        return heard

    monkeypatch.setattr(Conversation, "start", start)
    monkeypatch.setattr(Conversation, "hold", lambda _: done.append("hold"))
    monkeypatch.setattr(Conversation, "answer", lambda _, caller: done.append(f"answer {caller}"))
    monkeypatch.setattr(Conversation, "ask", ask)
    monkeypatch.setattr(Conversation, "release", lambda _: done.append("release"))
    monkeypatch.setattr(Conversation, "reconnect_model", lambda _: done.append("reconnect"))
    monkeypatch.setattr(call_module, "WATCH_EVERY", 0.01)
    return done


@pytest.fixture
async def rig(done: list[str]) -> Rig:
    return await Rig.start()


def room_of(rig: Rig) -> Any:
    return rig.call._ctx.room


async def ends(rig: Rig, serving: "asyncio.Task[None]") -> None:
    rig.call.conversation_closed(error=True)
    await asyncio.wait_for(serving, 5)


def is_greeting(step: str) -> bool:
    return step.startswith("Greet")


async def test_the_first_words_are_ready_when_the_phone_is_answered_and_not_heard_before(
    rig: Rig, done: list[str]
) -> None:
    rig.services.database.documents[CALL]["state"] = CallState.RINGING.value
    serving = asyncio.create_task(rig.call.serve())
    caller = FakeParticipant(attributes={"sip.callStatus": "ringing"})
    room_of(rig).comes(caller)
    await eventually(lambda: rig.call._caller.participant)
    assert done == ["start"], "a call is not answered before its model is there"
    rig.call.connected()
    await eventually(lambda: is_greeting(done[-1]))
    assert done[:-1] == ["start", "hold", f"answer {IDENTITY}"]
    assert rig.call._watch.is_reply_owed()
    room_of(rig)._handlers["participant_attributes_changed"]({}, caller)
    await asyncio.sleep(0)
    assert done[-1] != "release"
    caller.attributes["sip.callStatus"] = "active"
    room_of(rig)._handlers["participant_attributes_changed"]({}, caller)
    await eventually(lambda: done[-1] == "release")
    await eventually(lambda: rig.services.database.documents[CALL]["state"] == CallState.IN_PROGRESS.value)
    assert rig.call._watch._silence is not None
    rig.call._on_caller_left(hung_up=True)
    await asyncio.wait_for(serving, 5)
    assert await rig.state() == (CallState.ENDED, Outcome.CALLER_HUNG_UP)
    assert list(await rig.timings()) == ["agent_ready", "answered"]


async def test_what_becomes_due_is_done_until_the_goodbye_and_a_caller_who_waits_hears_something(
    rig: Rig, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sounds: list[str] = []
    sound: Any = SimpleNamespace(play=lambda: sounds.append("play"), stop=lambda: sounds.append("stop"))
    monkeypatch.setattr(rig.call, "_hold_sound", sound)
    due: list[Due] = ["tell_to_wait"]
    monkeypatch.setattr(rig.call._watch, "due", lambda: [due.pop()] if due else [])
    waits = True
    monkeypatch.setattr(rig.call._watch, "caller_waits_in_silence", lambda: waits)
    serving = asyncio.create_task(rig.call.serve())
    room_of(rig).comes(FakeParticipant(attributes={"sip.callStatus": "active"}))
    rig.call.connected()
    await eventually(lambda: agent_prompt.say(agent_prompt.ONE_MOMENT, "en-US") in done)
    await eventually(lambda: sounds and sounds[-1] == "play")
    rig.call.agent_speaks(True)
    assert sounds[-1] == "stop"
    waits = False
    await eventually(lambda: sounds[-2:] == ["stop", "stop"])
    await rig.call.hang_up()
    due.append("warn_of_end")
    before = len(sounds)
    await eventually(lambda: len(sounds) > before + 3)
    assert due == ["warn_of_end"]
    waits = True
    await eventually(lambda: sounds[-1] == "play")
    await ends(rig, serving)
    assert sounds[-1] == "stop"


@pytest.mark.parametrize(
    ("due", "step"),
    [
        ("prompt_caller", agent_prompt.say(agent_prompt.STILL_THERE, "en-US")),
        ("warn_of_end", agent_prompt.say(agent_prompt.NEARLY_OVER, "en-US")),
        ("tell_to_wait", agent_prompt.say(agent_prompt.ONE_MOMENT, "en-US")),
        ("ask_model_again", agent_prompt.answer_again()),
        ("reconnect_model", "reconnect"),
    ],
)
async def test_what_is_due_is_done(rig: Rig, done: list[str], due: Due, step: str) -> None:
    await rig.call._act(due)
    assert done == [step]
    assert rig.call._watch.is_reply_owed() is step.startswith("Say")
    await ends(rig, asyncio.create_task(rig.call.serve()))


async def test_a_model_that_is_given_up_leads_to_the_fallback(rig: Rig) -> None:
    await rig.call._act("give_model_up")
    await asyncio.wait_for(rig.call.serve(), 5)
    assert await rig.state() == (CallState.FALLBACK, None)
    assert rig.services.livekit.deleted == [ROOM]


async def test_a_caller_who_stays_silent_is_told_so_before_the_call_ends(
    rig: Rig, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def ask(instructions: str) -> "asyncio.Future[bool]":
        done.append(instructions)
        return heard

    monkeypatch.setattr(rig.call._conversation, "ask", ask)
    monkeypatch.setattr(goodbye, "QUIET_BEFORE_HANG_UP", 0.0)
    monkeypatch.setattr(goodbye, "LOOK_EVERY", 0.001)
    serving = asyncio.create_task(rig.call.serve())
    await rig.call._act("end_silent_call")
    assert done[-1] == agent_prompt.say(agent_prompt.NOBODY_THERE, "en-US")
    for _ in range(20):
        await asyncio.sleep(0)
    assert not rig.call._ending.done(), "the goodbye waits for its words"
    heard.set_result(True)
    await asyncio.wait_for(serving, 5)
    assert await rig.state() == (CallState.ENDED, Outcome.CALLER_SILENT)


@pytest.mark.parametrize(
    ("generation", "found", "served"),
    [(1, True, False), (1, False, True), (1, UnavailableError("down"), True), (2, True, True)],
    ids=["no line is free", "a line is free", "nobody knows", "taken over"],
)
async def test_only_a_new_caller_for_whom_no_line_is_free_is_turned_away(
    rig: Rig, done: list[str], monkeypatch: pytest.MonkeyPatch, generation: int, found: Any, served: bool
) -> None:
    async def is_surplus(_: Any) -> bool:
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(rig.services.calls, "is_surplus", is_surplus)
    rig.call._generation = generation
    serving = asyncio.create_task(rig.call.serve())
    room_of(rig).comes(FakeParticipant(attributes={"sip.callStatus": "active"}))
    rig.call.connected()
    if served:
        await eventually(lambda: "release" in done)
        await ends(rig, serving)
    else:
        await asyncio.wait_for(serving, 5)
        call = await rig.services.calls.get_call("harbor", "ca1")
        assert (call.state, call.fallback_reason) == (CallState.FALLBACK, FallbackReason.AT_CAPACITY)
        assert done == ["start"]


@pytest.mark.parametrize(("generation", "over"), [(1, False), (2, True)])
async def test_an_agent_that_takes_over_counts_the_time_of_the_one_before_it(
    rig: Rig, generation: int, over: bool
) -> None:
    """It gave the caller as long again, and Twilio cut the call off in the middle of a word."""
    snapshot = rig.call._snapshot
    began = snapshot.started_at - timedelta(seconds=snapshot.agent.max_call_seconds)
    rig.call._snapshot = snapshot.model_copy(update={"started_at": began})
    rig.call._generation = generation
    rig.call._mark_answered()
    assert ("end_long_call" in rig.call._watch.due()) is over
    await ends(rig, asyncio.create_task(rig.call.serve()))


@pytest.mark.parametrize("role", ["user", "assistant"])
async def test_a_caller_who_has_heard_no_agent_is_greeted_also_by_one_that_takes_over(
    rig: Rig, role: Literal["user", "assistant"]
) -> None:
    history = llm.ChatContext.empty()
    history.add_message(role=role, content="Hello?")
    assert is_greeting(rig.call._opening(history)) is (role == "user")
    await ends(rig, asyncio.create_task(rig.call.serve()))


async def test_a_caller_does_not_suffer_from_a_fault_of_ours(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(*_: Any, **__: Any) -> None:
        raise ValueError

    monkeypatch.setattr(rig.call._conversation, "start", breaks)
    await asyncio.wait_for(rig.call.serve(), 5)
    assert await rig.state() == (CallState.FALLBACK, None)


async def test_an_agent_to_whom_no_caller_comes_leaves_the_call_to_others(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_module, "CALLER_COMES_WITHIN", 0.01)
    await asyncio.wait_for(rig.call.serve(), 5)
    assert await rig.state() == (CallState.IN_PROGRESS, None)
    assert rig.services.livekit.deleted == []


@pytest.mark.parametrize("called", [None, "+14155550100"], ids=["a test in a browser", "a phone call"])
async def test_only_whoever_tests_an_agent_reads_along(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, called: str | None
) -> None:
    read: list[bool] = []

    async def start(*_: Any, captions: bool) -> None:
        read.append(captions)

    monkeypatch.setattr(rig.call._conversation, "start", start)
    rig.call._snapshot = rig.call._snapshot.model_copy(update={"called": called})
    serving = asyncio.create_task(rig.call.serve())
    await eventually(lambda: read)
    await ends(rig, serving)
    assert read == [called is None]


def line_breaks(rig: Rig) -> None:
    rig.call._answered = True
    rig.call._on_caller_left(hung_up=False)


def is_not_answered(rig: Rig) -> None:
    rig.call._on_caller_left(hung_up=True)


def room_is_closed(rig: Rig) -> None:
    rig.call._on_disconnected(rtc.DisconnectReason.ROOM_DELETED)


def another_takes_over(rig: Rig) -> None:
    rig.call._lease._on_lost()


@pytest.mark.parametrize("happens", [line_breaks, is_not_answered, room_is_closed, another_takes_over])
async def test_what_the_phone_edge_or_another_agent_decides_is_left_to_them(rig: Rig, happens: Any) -> None:
    happens(rig)
    await asyncio.wait_for(rig.call.serve(), 5)
    assert await rig.state() == (CallState.IN_PROGRESS, None)
    assert rig.services.livekit.deleted == []
    assert rig.services.livekit.dispatches == []


async def test_a_call_whose_conversation_has_not_begun_hears_that_its_worker_stops(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """livekit-agents closes a conversation that has, and nothing else."""
    reads = asyncio.Event()

    async def never(_: Call) -> None:
        reads.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(Call, "_serve", never)
    serving = asyncio.create_task(rig.call.serve())
    await asyncio.wait_for(reads.wait(), 5)
    stopping: Any = SimpleNamespace(proc=SimpleNamespace(userdata={"call": rig.call, "serving": serving}))
    await asyncio.wait_for(worker_module._on_session_end(stopping), 5)
    assert serving.done()
    assert len(rig.services.livekit.dispatches) == 1


def worker_stops(rig: Rig) -> None:
    rig.call.conversation_closed(error=False)


def connection_breaks(rig: Rig) -> None:
    rig.call._on_disconnected(rtc.DisconnectReason.SIGNAL_CLOSE)


@pytest.mark.parametrize("happens", [worker_stops, connection_breaks])
async def test_an_agent_that_must_go_gets_another_one_which_finds_everything_written(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, happens: Any
) -> None:
    written: list[list[str]] = []
    dispatch = rig.services.livekit.create_dispatch

    async def create_dispatch(*arguments: Any) -> None:
        written.append([notice["text"] for notice in await rig.events("notice")])
        assert (await rig.services.sessions.get_session("harbor", "ca1")).lease.expires_at == RELEASED
        await dispatch(*arguments)

    monkeypatch.setattr(rig.services.livekit, "create_dispatch", create_dispatch)
    happens(rig)
    await asyncio.wait_for(rig.call.serve(), 5)
    assert written == [["The agent left."]]
    assert rig.services.livekit.deleted == []


async def test_the_rest_of_a_lost_reply_is_asked_for_when_what_came_of_it_has_been_heard(
    rig: Rig, done: list[str]
) -> None:
    rig.call._conversation._quiet.clear()
    rig.call.reply_lost("We are open")
    await asyncio.sleep(0)
    assert done == []
    rig.call._conversation._quiet.set()
    await eventually(lambda: done == [agent_prompt.go_on("We are open")])
    assert rig.call._watch.is_reply_owed()
    await ends(rig, asyncio.create_task(rig.call.serve()))


async def test_a_caller_waits_for_the_rest_of_a_reply_that_broke_off(rig: Rig) -> None:
    assert not rig.call._watch._is_something_to_come()
    rig.call.reply_broke_off()
    assert rig.call._watch._is_something_to_come()
    await ends(rig, asyncio.create_task(rig.call.serve()))


async def test_an_agent_is_alone_with_its_caller_until_another_agent_comes(rig: Rig) -> None:
    """Which it yields to when nobody can tell whose the lease is."""
    room_of(rig).comes(FakeParticipant())
    assert rig.call._lease._alone()
    agent = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
    room_of(rig).comes(FakeParticipant(agent, identity="agent-2"))
    assert not rig.call._lease._alone()
    await ends(rig, asyncio.create_task(rig.call.serve()))


async def test_nothing_that_was_to_be_done_in_a_call_is_done_after_it(
    rig: Rig, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(goodbye, "QUIET_BEFORE_HANG_UP", 60)
    rig.call._conversation._quiet.clear()
    rig.call.reply_lost("We are open")
    [asking] = rig.call._tasks
    await rig.call.hang_up()
    leaving: Any = rig.call._goodbye._ending
    await ends(rig, asyncio.create_task(rig.call.serve()))
    await asyncio.wait([asking, leaving, rig.call._lease._task], timeout=5)
    assert (asking.cancelled(), leaving.cancelled(), rig.call._lease._task.cancelled()) == (True, True, True)
    assert agent_prompt.go_on("We are open") not in done
    assert "serve-call" not in {task.get_name() for task in asyncio.all_tasks()}
