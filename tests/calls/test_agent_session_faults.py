"""What livekit-plugins-google 1.8.9 leaves open, one case each: the worker overrides private methods of it,
so an upgrade must fail here first.

The plugin alone cuts a reply at goAway, gives the call up at the first refused connection and at close code
1007, never asks again for a reply that was lost, and waits for ever for a peer that has gone silent.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Literal

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import function_tool

from local.gemini.mouth import Pace
from local.scenario import Misbehave
from local.speech import silence, speech_for
from shared.services import agent_prompt
from tests.calls.agent_session import SpokenCall, spoken_call
from tests.contract.gemini_client import scenario
from tests.memory_audio import FRAME_BYTES
from tests.waiting import eventually
from worker.tool_binding import ToolFunc

pytestmark = pytest.mark.calls

HELLO = "Hello, how can I help you?"
QUESTION = "What is on my calendar tomorrow?"
ANSWER = "No, we are closed on Saturday."
LONG_ANSWER = "We are open from Monday to Friday, next to the ferry terminal."
THANKS = "Thank you, goodbye."
WELCOME = "You are welcome. Goodbye."
NEXT_TURN = {"caller": THANKS, "agent": [{"say": WELCOME}]}


async def test_the_greeting_is_spoken_and_the_caller_is_answered() -> None:
    script = scenario(greeting=[{"say": HELLO}], turns=[{"caller": QUESTION, "agent": [{"say": ANSWER}]}])
    async with spoken_call(script) as (call, _):
        assert await call.greet(HELLO)
        call.say(QUESTION)
        await call.hears(ANSWER)
        await eventually(lambda: call.spoken("caller"))
    assert call.spoken("caller") == [QUESTION]
    assert call.spoken("agent") == [HELLO, ANSWER]


async def test_a_tool_is_called_and_its_result_spoken_about() -> None:
    called: list[dict[str, object]] = []

    async def look_up(raw_arguments: dict[str, object]) -> str:
        called.append(raw_arguments)
        return '{"status": "ok", "events": ["Team meeting"]}'

    schema = {
        "name": "look_up",
        "description": "Looks up a day.",
        "parameters": {"type": "object", "properties": {"day": {"type": "string"}}},
    }
    step = {"call": "look_up", "arguments": {"day": "{tomorrow}"}, "expect": ["Team meeting"]}
    script = scenario(turns=[{"caller": QUESTION, "agent": [step, {"say": ANSWER}]}])
    async with spoken_call(script, [function_tool(look_up, raw_schema=schema)]) as (call, _):
        call.say(QUESTION)
        await call.hears(ANSWER)
    assert called == [{"day": "2026-11-06"}]
    assert call.peer.journal.errors == []


def returning(result: str, ended: asyncio.Event, *, name: str) -> ToolFunc:
    """A function without arguments that runs until `ended`."""

    async def run(raw_arguments: dict[str, object]) -> str:
        await ended.wait()
        return result

    run.__name__ = name
    return tool(run)


async def test_a_function_that_the_caller_talked_over_owes_no_reply_and_gets_none() -> None:
    """It blocks this model, which drops it as soon as the caller speaks; our function runs on. What it
    returns belongs to no call that the model still knows."""
    ended = asyncio.Event()
    turns = [{"caller": QUESTION, "agent": [{"call": "look_up"}, {"say": ANSWER}]}, NEXT_TURN]
    tools = [returning('{"status": "ok"}', ended, name="look_up")]
    model = "gemini-2.5-flash-native-audio-preview-12-2025"
    async with spoken_call(scenario(turns=turns), tools, model=model) as (call, gemini):
        call.say(QUESTION)
        await eventually(lambda: any(event["event"] == "tool_call" for event in call.peer.journal.events))
        call.say(THANKS)
        await eventually(lambda: call.called_off)
        await call.hears(WELCOME)
        await eventually(lambda: not call.watch.is_reply_owed())
        executed = asyncio.Event()
        call.conversation.session.on("function_tools_executed", lambda _: executed.set())
        ended.set()
        await asyncio.wait_for(executed.wait(), 10)
        assert not call.watch.is_reply_owed()
        assert await call.greet(HELLO)
        assert not [each for each in gemini.gemini.calls.sent if each["kind"] == "tool_response"]
    assert call.dues == []


async def test_what_a_function_found_is_told_though_its_announcement_was_cut_off() -> None:
    """livekit-agents then asks for no reply to it, and this model was to keep what it found to itself."""
    ended = asyncio.Event()
    turns = [{"caller": QUESTION, "agent": [{"say": LONG_ANSWER}, {"call": "look_up"}, {"say": ANSWER}]}]
    tools = [returning('{"status": "ok"}', ended, name="look_up")]
    async with spoken_call(scenario(turns=turns), tools, speed=1, pace=Pace(speed=0)) as (call, gemini):
        call.say(QUESTION)
        await eventually(lambda: any(event["event"] == "tool_call" for event in call.peer.journal.events))
        await eventually(lambda: call.output.played() > 0.5)
        interrupted = call.conversation.session.interrupt(force=True)  # which waits for the function
        ended.set()
        await interrupted
        await call.hears(ANSWER)
        [sent] = [each for each in gemini.gemini.calls.sent if each["kind"] == "tool_response"]
    assert "SILENT" not in str(sent)
    assert call.dues == []


async def test_who_speaks_over_a_function_is_answered_by_a_model_that_knows_what_becomes_of_it() -> None:
    """It takes what it has called off for not done; told after its answer, it has said so by then."""
    ended = asyncio.Event()
    turns = [{"caller": QUESTION, "agent": [{"call": "book"}, {"say": ANSWER}]}, NEXT_TURN]
    tools = [returning("", ended, name="book")]
    model = "gemini-2.5-flash-native-audio-preview-12-2025"
    words = (speech_for(THANKS, "caller") + silence(0.8)).data
    frames = iter(words[at : at + FRAME_BYTES] for at in range(0, len(words), FRAME_BYTES))
    async with spoken_call(scenario(turns=turns), tools, model=model) as (call, gemini):
        call.say(QUESTION)
        await eventually(lambda: any(event["event"] == "tool_call" for event in call.peer.journal.events))
        while not (call.called_off and call.watch.caller_is_speaking()):
            call.input.push(next(frames))
            await asyncio.sleep(0.01)
        telling = asyncio.create_task(call.conversation.tell(lambda: ["(It is being done.)"]))
        try:
            await eventually(lambda: [each for each in gemini.gemini.calls.sent if "being" in each["text"]])
        finally:
            ended.set()
        call.input.push(b"".join(frames))
        await call.hears(WELCOME)
        await telling
    assert call.spoken("agent") == [WELCOME]
    assert call.dues == []


async def test_a_note_to_the_model_waits_until_nobody_is_interrupted_by_it() -> None:
    turns = [{"caller": QUESTION, "agent": [{"say": LONG_ANSWER}]}, NEXT_TURN]
    async with spoken_call(scenario(turns=turns), pace=Pace(speed=4)) as (call, gemini):
        call.say(QUESTION)
        await asyncio.wait_for(call.output.first_frame.wait(), 10)
        assert call.peer.status()["speaking"]
        telling = asyncio.create_task(call.conversation.tell(lambda: ["(A note.)"]))
        spoke_until: list[float] = []
        while not telling.done():
            if call.peer.status()["speaking"]:
                spoke_until[:] = [time.time() * 1000]
            await asyncio.sleep(0.005)
        await eventually(lambda: [each for each in gemini.gemini.calls.sent if "note" in each["text"]])
        call.say(THANKS)
        await call.hears(WELCOME)
    [note] = [each for each in gemini.gemini.calls.sent if "(A note.)" in each["text"]]
    assert note["at_ms"] >= spoke_until[0]
    assert call.output.interruptions == 0
    assert call.spoken("agent") == [LONG_ANSWER, WELCOME]


async def test_a_caller_who_speaks_up_silences_the_agent_at_once() -> None:
    turns = [{"caller": QUESTION, "agent": [{"say": LONG_ANSWER}]}, NEXT_TURN]
    async with spoken_call(scenario(turns=turns), speed=1) as (call, _):
        call.say(QUESTION)
        await asyncio.wait_for(call.output.first_frame.wait(), 10)
        await eventually(lambda: call.output.played() > 1)  # of the words, a few are to be heard
        call.say(THANKS)
        await eventually(lambda: call.output.interruptions == 1)
        await call.hears(WELCOME)
    assert [cut for who, _, cut in call.turns if who == "agent"] == [True, False]


async def test_a_conversation_that_is_broken_off_tells_what_was_said_and_heard_until_then() -> None:
    turns = [{"caller": QUESTION, "agent": [{"say": LONG_ANSWER}]}]
    async with spoken_call(scenario(turns=turns), speed=1) as (call, _):
        call.say(QUESTION)
        await asyncio.wait_for(call.output.first_frame.wait(), 10)
        await eventually(lambda: call.output.played() > 1)  # of the words, a few are to be heard
        await asyncio.wait_for(call.conversation.break_off(), 5)
        [(_, heard, cut)] = [turn for turn in call.turns if turn[0] == "agent"]
        assert call.spoken("caller") == [QUESTION]
    assert cut
    assert heard
    assert LONG_ANSWER.startswith(heard)


@pytest.mark.parametrize("comes_whole", [True, False], ids=["all of it has come", "it is still coming"])
async def test_the_last_words_of_a_call_wait_for_no_reply_and_are_heard_to_their_end(
    comes_whole: bool,
) -> None:
    """They were said after the reply, or never: the longest call was cut off up to 18 seconds late."""
    turns = [{"caller": QUESTION, "agent": [{"say": LONG_ANSWER}]}]
    pace = Pace(speed=0 if comes_whole else 2)
    async with spoken_call(scenario(turns=turns), speed=1, pace=pace) as (call, _):
        call.say(QUESTION)
        await asyncio.wait_for(call.output.first_frame.wait(), 10)
        await eventually(lambda: call.output.played() > 1)
        assert call.peer.status()["speaking"]
        closing = call.conversation.close_with(agent_prompt.say(agent_prompt.TIME_IS_UP, "en"))
        await eventually(lambda: call.output.interruptions == 1, seconds=5)
        call.say(THANKS)
        assert await asyncio.wait_for(closing, 10)
    [(_, reply, cut), *last] = [turn for turn in call.turns if turn[0] == "agent"]
    assert (LONG_ANSWER.startswith(reply), cut) == (True, True)
    assert last == [("agent", agent_prompt.TIME_IS_UP, False)]


async def test_a_phrase_that_is_asked_for_in_the_middle_of_a_reply_comes_after_it() -> None:
    """What still came of the reply was taken for another one, which cut off both."""
    turns = [{"caller": QUESTION, "agent": [{"say": LONG_ANSWER}]}]
    async with spoken_call(scenario(turns=turns), speed=1, pace=Pace(speed=2)) as (call, _):
        call.say(QUESTION)
        await asyncio.wait_for(call.output.first_frame.wait(), 10)
        assert await asyncio.wait_for(call.conversation.ask(agent_prompt.say(WELCOME, "en")), 20)
    assert call.output.interruptions == 0
    assert call.spoken("agent") == [LONG_ANSWER, WELCOME]


async def test_what_a_caller_asked_is_told_also_when_the_worker_stops_in_the_middle_of_the_answer() -> None:
    """The next agent goes on from there."""
    turns = [{"caller": QUESTION, "agent": [{"say": LONG_ANSWER}]}]
    async with spoken_call(scenario(turns=turns), speed=1) as (call, _):
        call.say(QUESTION)
        await asyncio.wait_for(call.output.first_frame.wait(), 10)
        await asyncio.wait_for(call.conversation.session.aclose(), 5)  # as livekit-agents does at SIGTERM
        assert call.spoken("caller") == [QUESTION]


async def test_a_refused_first_connection_is_tried_again() -> None:
    script = scenario(greeting=[{"say": HELLO}])
    async with spoken_call(script, refuse_for=1.0) as (call, _):
        await eventually(lambda: call.connections == 1)
        assert await call.greet(HELLO)
    assert call.closed_by_error is False


async def test_a_model_out_of_reach_for_good_is_told_in_time_for_the_fallback() -> None:
    async with spoken_call(scenario(greeting=[{"say": HELLO}]), refuse_for=60) as (call, _):
        await eventually(lambda: call.closed_by_error)
        assert call.connections == 0


async def test_go_away_does_not_cut_the_reply_that_is_being_spoken() -> None:
    turns = [
        {"caller": QUESTION, "agent": [{"say": LONG_ANSWER}, {"misbehave": "go_away", "seconds": 5}]},
        NEXT_TURN,
    ]
    async with spoken_call(scenario(turns=turns), pace=Pace(speed=4)) as (call, _):
        call.say(QUESTION)
        await call.hears(LONG_ANSWER)
        await eventually(lambda: call.connections == 2)
        call.say(THANKS)
        await call.hears(WELCOME)
    assert (call.output.interruptions, call.lost) == (0, [])


Fault = Literal["close_1007", "close_1011", "drop_connection"]


@pytest.mark.parametrize("fault", ["close_1007", "close_1011", "drop_connection"])
async def test_a_broken_connection_is_replaced_and_the_conversation_goes_on(fault: Fault) -> None:
    turns = [{"caller": QUESTION, "agent": [{"say": ANSWER}]}, NEXT_TURN]
    async with spoken_call(scenario(turns=turns)) as (call, _):
        call.say(QUESTION)
        await call.hears(ANSWER)
        await eventually(lambda: not call.peer.status()["speaking"])
        await call.peer.misbehave(Misbehave(misbehave=fault))
        await eventually(lambda: call.connections == 2)
        call.say(THANKS)
        await call.hears(WELCOME)
    assert call.closed_by_error is False


async def test_a_session_that_cannot_be_resumed_is_told_what_functions_returned_in_the_one_before() -> None:
    async def book(raw_arguments: dict[str, object]) -> str:
        return '{"status": "ok", "event_id": "e1"}'

    step = {"call": "book", "arguments": {"title": "Check-up"}, "expect": ["e1"]}
    turns = [{"caller": QUESTION, "agent": [step, {"say": ANSWER}]}, NEXT_TURN]
    async with spoken_call(scenario(turns=turns), [tool(book)]) as (call, gemini):
        call.say(QUESTION)
        await call.hears(ANSWER)
        await eventually(lambda: not call.peer.status()["speaking"])
        await call.peer.misbehave(Misbehave(misbehave="close_1007"))
        await eventually(lambda: call.connections == 2)
        call.say(THANKS)
        await call.hears(WELCOME)
        told = [each["text"] for each in gemini.gemini.calls.sent if each["kind"] == "content"]
    [note] = [text for text in told if '"book"' in text]
    assert '"Check-up"' in note
    assert '"e1"' in note
    assert [text for text in told if text in (QUESTION, ANSWER, note)] == [QUESTION, note, ANSWER]


@pytest.mark.parametrize("fault", ["close_1007", "drop_connection"])
async def test_a_function_that_outlasts_its_models_session_is_answered_in_the_next_one(fault: Fault) -> None:
    """Which did not ask for it: the result comes as a note, and the reply to it is asked for. So it is in a
    resumed session, whose handle was given out before the function was called."""
    ended = asyncio.Event()
    runs = 0

    async def book(raw_arguments: dict[str, object]) -> str:
        nonlocal runs
        runs += 1
        await ended.wait()
        return '{"status": "ok", "event_id": "e1"}'

    turns = [{"caller": QUESTION, "agent": [{"call": "book"}, {"say": ANSWER}]}]
    async with spoken_call(scenario(turns=turns), [tool(book)]) as (call, gemini):
        call.say(QUESTION)
        await eventually(lambda: runs == 1)
        await call.peer.misbehave(Misbehave(misbehave=fault))
        await eventually(lambda: call.connections == 2)
        ended.set()
        await call.hears(ANSWER)
        sent = gemini.gemini.calls.sent
    assert runs == 1
    assert not [each for each in sent if each["kind"] == "tool_response"]
    assert [each for each in sent if each["kind"] == "content" and '"e1"' in each["text"]]


async def test_what_was_done_since_the_handle_is_not_done_again_when_the_session_is_resumed() -> None:
    """Gemini resumes as of the handle: it knew nothing of the booking that it was about to confirm, and was
    told what had been said since, but not what had been done."""
    runs = 0

    async def book(raw_arguments: dict[str, object]) -> str:
        nonlocal runs
        runs += 1
        return '{"status": "ok", "event_id": "e1"}'

    steps = [{"call": "book"}, {"misbehave": "drop_connection"}, {"say": ANSWER}]
    async with spoken_call(scenario(turns=[{"caller": QUESTION, "agent": steps}]), [tool(book)]) as (
        call,
        gemini,
    ):
        call.say(QUESTION)
        await call.hears(ANSWER)
        told = [each["text"] for each in gemini.gemini.calls.sent if each["kind"] == "content"]
    assert (runs, call.connections) == (1, 2)
    [note] = [text for text in told if '"book"' in text]
    assert '"e1"' in note


def tool(function: Callable[[dict[str, object]], Awaitable[str]]) -> ToolFunc:
    schema: dict[str, object] = {
        "name": function.__name__,
        "description": "",
        "parameters": {"type": "object", "properties": {}},
    }
    return function_tool(function, raw_schema=schema)


async def test_a_reconnection_refused_for_a_second_does_not_end_the_call() -> None:
    turns = [{"caller": QUESTION, "agent": [{"say": ANSWER}]}, NEXT_TURN]
    async with spoken_call(scenario(turns=turns)) as (call, gemini):
        call.say(QUESTION)
        await call.hears(ANSWER)
        gemini.gemini.refuse_for(1.0)
        await call.peer.misbehave(Misbehave(misbehave="drop_connection"))
        await eventually(lambda: call.connections == 2)
        call.say(THANKS)
        await call.hears(WELCOME)
    assert call.closed_by_error is False


async def test_a_reply_that_broke_off_is_asked_for_again() -> None:
    turns = [{"caller": QUESTION, "agent": [{"misbehave": "drop_connection"}, {"say": ANSWER}]}]
    async with spoken_call(scenario(turns=turns)) as (call, _):
        call.say(QUESTION)
        await call.hears(ANSWER)
    assert call.connections == 2


async def test_a_peer_that_stays_silent_is_asked_again() -> None:
    turns = [{"caller": QUESTION, "agent": [{"misbehave": "stay_silent", "seconds": 3.5}, {"say": ANSWER}]}]
    async with spoken_call(scenario(turns=turns)) as (call, _):
        call.say(QUESTION)
        await eventually(lambda: "ask_model_again" in call.dues)
        await eventually(lambda: call.spoken("agent"))


async def test_a_reply_that_stops_in_the_middle_is_gone_on_with_over_a_new_connection() -> None:
    """The connection holds and nothing says that the reply is over: the agent would be taken for speaking,
    and the caller hear silence, until the call's longest time."""
    steps = [{"say": LONG_ANSWER}, {"misbehave": "stay_silent"}, {"say": ANSWER}]
    async with spoken_call(scenario(turns=[{"caller": QUESTION, "agent": steps}])) as (call, _):
        call.watch.answered()
        call.say(QUESTION)
        await call.hears(ANSWER, seconds=20)
    assert call.connections == 2
    assert len(call.lost) == 1
    assert LONG_ANSWER.startswith(call.lost[0].strip())
    assert call.dues.count("reconnect_model") == 1


async def test_the_callers_sound_is_not_collected_before_it_is_sent() -> None:
    async with spoken_call(scenario()) as (call, _):
        sent = await sounds_sent_by(call)
        frames(call, [1000] * 5)
        assert sent == [640] * 5


async def test_a_long_silence_is_sent_in_larger_pieces_and_the_first_sound_ends_that_at_once() -> None:
    async with spoken_call(scenario()) as (call, _):
        sent = await sounds_sent_by(call)
        frames(call, [0] * 62)
        assert sent[-2:] == [3200, 3200]
        assert 48 <= sent.count(640) <= 50, "a second of silence ends a turn, and is told as it comes"
        frames(call, [1000, 0])
        assert sent[-2:] == [4 * 640, 640]
        assert sum(sent) == 64 * 640


async def sounds_sent_by(call: SpokenCall) -> list[int]:
    """Sizes in bytes, as they are sent."""
    sent: list[int] = []
    phone = call.conversation.phone_session
    assert phone is not None
    await eventually(lambda: phone._line is not None)
    assert phone._line is not None

    def send_sound(sound: bytes, mime_type: str) -> bool:
        sent.append(len(sound))
        return True

    phone._line.send_sound = send_sound
    return sent


def frames(call: SpokenCall, loudness: list[int]) -> None:
    """20 ms each."""
    phone = call.conversation.phone_session
    assert phone is not None
    for amplitude in loudness:
        samples = np.where(np.arange(320) % 40 < 20, amplitude, -amplitude).astype("<i2")
        phone.push_audio(rtc.AudioFrame(samples.tobytes(), 16000, 1, 320))
