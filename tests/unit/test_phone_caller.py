"""Turn-taking by ear, in virtual time: a scripted far end speaks, the caller must find its own moments."""

from collections.abc import Callable

import numpy as np
import pytest

from local.phone import g711
from local.phone.audio import VoiceDetector, tone
from local.phone.caller import Caller, NotAsPlanned
from local.phone.handset import CallOver, Handset
from local.phone.timeline import Moment
from local.scenario import Scenario

pytestmark = pytest.mark.unit

_LOUD = tone((400.0,), g711.FRAME_SECONDS)
_SILENT = np.zeros_like(_LOUD)


class VirtualHandset(Handset):
    """Time passes only while the caller waits. `far_end` tells at which times the other side speaks."""

    def __init__(
        self, far_end: list[tuple[float, float]], answered_at: float = 1.0, over_at: float = float("inf")
    ) -> None:
        self.clock = 0.0
        self.far_end = far_end
        self.answered_at = answered_at
        self.over_at = over_at
        self.heard = VoiceDetector(0.4)
        self.moments: list[Moment] = []
        self._tell = lambda _: None
        self.said: list[float] = []
        self.pressed: list[tuple[float, str]] = []
        self.answered = False
        self.over = False

    @property
    def now(self) -> float:
        return self.clock

    async def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        deadline = self.clock + seconds
        while not condition():
            if self.over:
                raise CallOver
            if self.clock >= deadline:
                return False
            self.clock += g711.FRAME_SECONDS
            self.answered = self.clock >= self.answered_at
            self.over = self.clock >= self.over_at
            speaks = any(start <= self.clock < end for start, end in self.far_end)
            self.heard.hear(_LOUD if speaks else _SILENT, self.clock)
        return True

    async def say(self, pcm: g711.Pcm) -> None:
        self.said.append(self.clock)
        await self.wait(len(pcm) / g711.RATE)

    async def press(self, keys: str) -> None:
        self.pressed.append((self.clock, keys))


HELLO = tone((300.0,), 1.0)


async def play(handset: VirtualHandset, **fields: object) -> Caller:
    scenario = Scenario.model_validate({"name": "test", "dials": "+14155550100"} | fields)
    caller = Caller(handset, scenario, {"hello": HELLO})
    try:
        await caller.play()
    finally:
        caller.settle()
    return caller


async def test_the_caller_waits_for_the_greeting_to_end_and_a_second_of_silence() -> None:
    handset = VirtualHandset([(2, 4)])
    await play(handset, turns=[{"caller": "hello"}])
    assert handset.said == [pytest.approx(5, abs=0.1)]


async def test_a_pause_between_two_sentences_is_not_the_end() -> None:
    handset = VirtualHandset([(2, 4), (4.7, 6)])
    await play(handset, turns=[{"caller": "hello"}])
    assert handset.said == [pytest.approx(7, abs=0.1)]


async def test_a_filler_much_shorter_than_the_scenarios_answer_is_waited_out() -> None:
    handset = VirtualHandset([(2, 2.5), (5, 9)])
    await play(handset, greeting=[{"say": "x" * 60}], turns=[{"caller": "hello"}])
    assert handset.said == [pytest.approx(10, abs=0.1)]


async def test_a_silent_far_end_does_not_hold_the_caller_for_ever() -> None:
    handset = VirtualHandset([])
    caller = await play(handset, turns=[{"caller": "hello"}])
    assert handset.said == [pytest.approx(16, abs=0.1)]
    assert caller.turns[0].response_ms is None
    assert "no_reply" in [moment.name for moment in handset.moments]


async def test_the_response_time_runs_from_the_callers_last_word_to_the_first_sound() -> None:
    handset = VirtualHandset([(2, 4), (6.5, 8)])  # the caller speaks from 5 to 6
    caller = await play(handset, turns=[{"caller": "hello"}])
    assert caller.turns[0].response_ms == pytest.approx(500, abs=60)


async def test_a_barge_in_cuts_into_the_answer_and_measures_when_it_falls_silent() -> None:
    handset = VirtualHandset([(2, 4.5), (7, 8)])
    caller = await play(handset, turns=[{"caller": "hello", "interrupt_after_seconds": 2}])
    assert handset.said == [pytest.approx(4, abs=0.1)]
    assert caller.turns[0].interrupted_ms == pytest.approx(500, abs=60)
    assert caller.turns[0].response_ms == pytest.approx(2000, abs=100)


async def test_keys_are_pressed_and_silence_is_kept_where_the_scenario_says() -> None:
    handset = VirtualHandset([(2, 4), (12, 13), (15, 16)])
    turns = [{"press": "4#", "wait_seconds": 2}, {"wait_seconds": 3}]
    caller = await play(handset, turns=turns)
    assert handset.pressed == [(pytest.approx(7, abs=0.1), "4#")]
    assert [turn.number for turn in caller.turns] == [0, 1]


async def test_an_unanswered_call_is_given_up() -> None:
    handset = VirtualHandset([], answered_at=100)
    with pytest.raises(NotAsPlanned, match="not answered within 20 s"):
        await play(handset, answered_within_seconds=20)
    assert handset.clock == pytest.approx(20, abs=0.1)


async def test_an_agent_that_should_hang_up_and_does_not_is_reported() -> None:
    handset = VirtualHandset([(2, 3)])
    with pytest.raises(NotAsPlanned, match="nobody hung up"):
        await play(handset, turns=[{"caller": "hello"}], hangs_up="agent")


async def test_a_far_end_that_hangs_up_ends_the_play_at_once() -> None:
    handset = VirtualHandset([(2, 10)], over_at=4)
    with pytest.raises(CallOver):
        await play(handset, turns=[{"caller": "hello"}])
    assert handset.clock == pytest.approx(4, abs=0.1)
