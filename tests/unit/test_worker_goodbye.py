"""A goodbye is heard to its end, and the call with it, unless the caller has something more to say."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from livekit.agents import UserInputTranscribedEvent

from shared.models.agent import Agent
from shared.models.call import CallState, Outcome
from shared.services import agent_prompt
from tests.unit.worker_call_rig import ECHO, Rig, idle_call, voice
from tests.waiting import eventually
from worker import call_watch, goodbye
from worker.call_watch import CallWatch
from worker.goodbye import Goodbye

pytestmark = pytest.mark.unit


@pytest.fixture
async def rig(monkeypatch: pytest.MonkeyPatch) -> Rig:
    return await idle_call(monkeypatch)


def words(rig: Rig) -> None:
    written = UserInputTranscribedEvent(transcript="Wait, one more thing.", is_final=False)
    rig.call._conversation.session.emit("user_input_transcribed", written)


def speaks_long(rig: Rig) -> None:
    for _ in range(5):
        voice(rig)


async def after_an_echo(rig: Rig) -> None:
    await eventually(lambda: rig.call._watch.agent_quiet_for() > ECHO)


async def says_goodbye(rig: Rig) -> "asyncio.Task[None]":
    """The agent has asked for the call's end, and its goodbye has been heard."""
    serving = asyncio.create_task(rig.call.serve())
    rig.call.agent_speaks(True)
    await rig.call.hang_up()
    rig.call.agent_speaks(False)
    return serving


def ending(rig: Rig) -> "asyncio.Task[None]":
    task = rig.call._goodbye._ending
    assert task is not None
    return task


async def waits_on(rig: Rig) -> bool:
    """The goodbye has found the line not quiet for longer than it would have to be quiet."""
    looks, look, waiting = 0, rig.call._goodbye._is_line_quiet, ending(rig)

    def counted() -> bool:
        nonlocal looks
        looks += 1
        return look()

    rig.call._goodbye._is_line_quiet = counted
    enough = 2 * goodbye.QUIET_BEFORE_HANG_UP / goodbye.LOOK_EVERY
    await eventually(lambda: looks > enough or waiting.done())
    return not waiting.done()


async def is_called_off(waiting: "asyncio.Task[None]") -> bool:
    await asyncio.wait([waiting], timeout=5)
    return waiting.cancelled()


async def notices(rig: Rig) -> list[str]:
    return [notice["text"] for notice in await rig.events("notice")]


async def test_a_goodbye_that_begins_right_after_the_model_hangs_up_is_heard_to_its_end(rig: Rig) -> None:
    await eventually(lambda: rig.call._watch.agent_idle_for() > goodbye.QUIET_BEFORE_HANG_UP)
    serving = asyncio.create_task(rig.call.serve())
    await rig.call.hang_up()
    await asyncio.sleep(0)
    rig.call.agent_speaks(True)
    assert await waits_on(rig)
    assert await rig.state() == (CallState.IN_PROGRESS, None)
    rig.call.agent_speaks(False)
    await asyncio.wait_for(serving, 5)
    assert await rig.state() == (CallState.ENDED, Outcome.AGENT_ENDED)


async def test_a_caller_who_speaks_up_before_the_agent_has_hung_up_goes_on_with_the_call(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(goodbye, "WORDS_WITHIN", 60)
    serving = asyncio.create_task(rig.call.serve())
    await rig.call.hang_up()
    voice(rig)
    assert await waits_on(rig), "the model may yet write down what was said"
    first = ending(rig)
    words(rig)
    assert await is_called_off(first)
    assert not rig.call._goodbye.is_said
    assert rig.call._watch.is_reply_owed()
    await rig.call.hang_up()
    await asyncio.wait_for(serving, 5)
    assert await rig.state() == (CallState.ENDED, Outcome.AGENT_ENDED)
    assert "The caller spoke up, so the call goes on." in await notices(rig)


async def test_a_model_that_hangs_up_twice_ends_the_call_once_and_can_be_kept_from_it(rig: Rig) -> None:
    serving = asyncio.create_task(rig.call.serve())
    await rig.call.hang_up()
    first = ending(rig)
    await rig.call.hang_up()
    assert ending(rig) is first
    voice(rig)
    words(rig)
    assert await is_called_off(first)
    rig.call.conversation_closed(error=True)
    await asyncio.wait_for(serving, 5)


async def test_a_caller_whom_the_model_answers_goes_on_with_the_call_though_no_word_is_written_down(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(goodbye, "WORDS_WITHIN", 60)
    serving = await says_goodbye(rig)
    speaks_long(rig)
    await after_an_echo(rig)
    speaks_long(rig)
    first = ending(rig)
    rig.call.reply_began()
    assert await is_called_off(first)
    await rig.call.hang_up()
    await asyncio.wait_for(serving, 5)
    assert "The caller spoke up, so the call goes on." in await notices(rig)


async def test_neither_echo_nor_a_cough_nor_noise_keeps_a_call_up_whatever_the_model_says(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_watch, "ECHO_WITHIN", 60)
    serving = await says_goodbye(rig)
    speaks_long(rig)
    rig.call.reply_began()  # to its own echo
    monkeypatch.setattr(call_watch, "ECHO_WITHIN", 0)
    voice(rig)
    rig.call.reply_began()  # to a cough
    speaks_long(rig)  # and noise, to which it says nothing
    await asyncio.wait_for(serving, 5)
    assert await notices(rig) == ["The agent left."]


async def test_a_goodbye_that_comes_after_the_model_hangs_up_is_no_answer(rig: Rig) -> None:
    await after_an_echo(rig)
    serving = asyncio.create_task(rig.call.serve())
    await rig.call.hang_up()
    speaks_long(rig)
    rig.call.reply_began()
    await asyncio.wait_for(serving, 5)
    assert await notices(rig) == ["The agent left."]


async def test_a_later_session_of_the_model_is_not_told_of_an_ending_that_came_to_nothing(rig: Rig) -> None:
    assert rig.call._conversation._model.withdrawn == {"end_call"}


async def test_a_model_that_calls_its_end_off_hears_the_caller_and_the_call_goes_on(rig: Rig) -> None:
    serving = asyncio.create_task(rig.call.serve())
    await rig.call.hang_up()
    first = ending(rig)
    rig.call.functions_called_off()
    assert await is_called_off(first)
    rig.call.conversation_closed(error=True)
    await asyncio.wait_for(serving, 5)


async def test_what_the_model_does_along_with_hanging_up_is_waited_for(rig: Rig) -> None:
    serving = asyncio.create_task(rig.call.serve())
    tool = asyncio.create_task(rig.call._executor.run_tool("slow", action="run"))
    await asyncio.sleep(0)
    await rig.call.hang_up()
    assert await waits_on(rig)
    tool.cancel()
    await asyncio.wait_for(serving, 5)
    assert await rig.state() == (CallState.ENDED, Outcome.AGENT_ENDED)


@pytest.mark.parametrize("sign", [voice, words], ids=["noise", "words that were said before"])
async def test_neither_noise_nor_late_words_keep_an_agent_from_hanging_up(
    rig: Rig, sign: Callable[[Rig], None]
) -> None:
    serving = asyncio.create_task(rig.call.serve())
    await rig.call.hang_up()
    sign(rig)
    await asyncio.wait_for(serving, 5)
    assert await rig.state() == (CallState.ENDED, Outcome.AGENT_ENDED)
    assert await notices(rig) == ["The agent left."]


async def test_a_call_that_has_lasted_as_long_as_it_may_ends_whatever_the_caller_says(rig: Rig) -> None:
    serving = asyncio.create_task(rig.call.serve())
    heard: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    rig.call._goodbye.say(Outcome.MAX_LENGTH, heard)
    voice(rig)
    words(rig)
    heard.set_result(True)
    await asyncio.wait_for(serving, 5)
    assert await rig.state() == (CallState.ENDED, Outcome.MAX_LENGTH)


async def test_a_call_that_has_lasted_as_long_as_it_may_is_closed_in_the_middle_of_whatever_goes_on(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long reply was heard to its end first, and a running function kept the line open."""
    heard: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    closing: list[str] = []

    def close_with(words: str) -> "asyncio.Future[bool]":
        closing.append(words)
        return heard

    monkeypatch.setattr(rig.call._conversation, "close_with", close_with)
    serving = asyncio.create_task(rig.call.serve())
    tool = asyncio.create_task(rig.call._executor.run_tool("slow", action="run"))
    rig.call.agent_speaks(True)
    await rig.call._act("end_long_call")
    assert closing == [agent_prompt.say(agent_prompt.TIME_IS_UP, "en-US")]
    rig.call.agent_speaks(False)
    heard.set_result(True)
    await asyncio.wait_for(serving, 5)
    assert await rig.state() == (CallState.ENDED, Outcome.MAX_LENGTH)
    assert tool.cancelled()


@pytest.mark.parametrize(
    ("came", "plays", "over_after"),
    [
        (20.0, 20.0, 20.0 + goodbye.QUIET_BEFORE_HANG_UP),
        (60.0, 60.0, goodbye.LONGEST_GOODBYE),
        (2.0, 60.0, 10.0),
    ],
    ids=["a long one", "an endless one", "one that stops in the middle"],
)
async def test_a_long_goodbye_is_heard_to_its_end(
    monkeypatch: pytest.MonkeyPatch, came: float, plays: float, over_after: float
) -> None:
    """It was cut off ten seconds after the model had hung up, which is when it has come, not been heard."""
    now, over = 0.0, list[float]()

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        if watch.is_agent_speaking() and now >= plays:
            watch.agent_speaks(False)

    monkeypatch.setattr(goodbye, "asyncio", SimpleNamespace(**{**vars(asyncio), "sleep": sleep}))
    watch = CallWatch(Agent(name="a", instructions="b"), lambda: now)
    watch.answered()
    watch.model_sounds(came)
    watch.agent_speaks(True)
    Goodbye(watch, lambda: now, lambda _: over.append(now)).say(Outcome.AGENT_ENDED)
    await eventually(lambda: over)
    assert over == [pytest.approx(over_after, abs=2 * goodbye.LOOK_EVERY)]


async def test_a_goodbye_of_which_nothing_is_heard_takes_no_longer_than_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the model says instead was heard for ten seconds more."""
    monkeypatch.setattr(goodbye, "GOODBYE_WITHIN", 0.01)
    now, over = 100.0, list[Outcome]()

    def clock() -> float:
        return now

    watch = CallWatch(Agent(name="a", instructions="b"), clock)
    watch.agent_speaks(True)
    unheard: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    Goodbye(watch, clock, over.append).say(Outcome.MAX_LENGTH, unheard)
    now += goodbye.HANG_UP_WITHIN
    await eventually(lambda: over == [Outcome.MAX_LENGTH])
