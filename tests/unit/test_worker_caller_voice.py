"""A caller's turn carries the time in which they spoke: the model writes it down later, and tells none."""

import numpy as np
import pytest
from livekit import rtc

from shared.models.agent import Agent
from worker.call_watch import CallWatch

pytestmark = pytest.mark.unit

FRAME = 0.02
VOICE = rtc.AudioFrame(np.tile(np.array([4000, -4000], "<i2"), 160).tobytes(), 16000, 1, 320)
QUIET = rtc.AudioFrame(bytes(640), 16000, 1, 320)


class Line:
    """A call from second 0 on. Turns are asked for as soon as the model has begun to answer them."""

    def __init__(self) -> None:
        self.now = 0.0
        self.watch = CallWatch(Agent(name="a", instructions="b"), lambda: self.now)

    def voice(self, *, until: float) -> None:
        self._sounds(VOICE, until)

    def quiet(self, *, until: float) -> None:
        self._sounds(QUIET, until)

    def _sounds(self, frame: rtc.AudioFrame, until: float) -> None:
        while self.now < until - FRAME / 2:
            self.now += FRAME
            self.watch.caller_audio(frame)

    def agent_begins(self) -> None:
        self.watch.agent_speaks(True)

    def agent_ends(self, *, interrupted: bool = False) -> None:
        self.watch.agent_speaks(False)
        if not interrupted:
            self.watch.agent_was_heard_out()

    def written(self, turn: str) -> None:
        self.watch.caller_understood(turn)

    def spoken(self, turn: str) -> tuple[float, float] | None:
        """From and until which second."""
        ago = self.watch.caller_spoke_ago(turn)
        return None if ago is None else (round(self.now - ago[0], 1), round(self.now - ago[1], 1))


def test_a_turn_begins_with_the_voice_and_not_with_the_words() -> None:
    line = Line()
    line.quiet(until=1)
    line.voice(until=4)
    line.quiet(until=4.5)
    line.written("t1")
    line.agent_begins()
    line.quiet(until=9)
    line.agent_ends()
    assert line.spoken("t1") == (1, 4)
    assert line.spoken("t1") is None


def test_who_thinks_in_the_middle_of_a_turn_has_begun_it_before() -> None:
    line = Line()
    line.voice(until=1)
    line.quiet(until=2.5)
    line.voice(until=4)
    line.quiet(until=4.5)
    line.written("t1")
    assert line.spoken("t1") == (0, 4)


def test_words_that_are_written_down_meanwhile_hold_a_turn_together_over_a_long_pause() -> None:
    line = Line()
    line.voice(until=1)
    line.written("t1")
    line.quiet(until=6)
    line.voice(until=7)
    line.written("t1")
    assert line.spoken("t1") == (0, 7)


def test_who_cuts_the_agent_short_spoke_over_it() -> None:
    line = Line()
    line.agent_begins()
    line.quiet(until=3)
    line.voice(until=3.6)
    line.agent_ends(interrupted=True)
    line.voice(until=5)
    line.quiet(until=5.4)
    line.written("t1")
    assert line.spoken("t1") == (3, 5)


def test_a_cough_that_the_agent_talks_through_begins_no_turn() -> None:
    line = Line()
    line.agent_begins()
    line.quiet(until=3)
    line.voice(until=3.3)
    line.quiet(until=4)
    line.agent_ends()
    line.quiet(until=4.6)
    line.voice(until=6)
    line.written("t1")
    assert line.spoken("t1") == (4.6, 6)


@pytest.mark.parametrize(("interrupted", "began"), [(False, 6), (True, 2)])
def test_on_a_noisy_line_no_turn_begins_before_the_agents_one_before_it(
    interrupted: bool, began: float
) -> None:
    line = Line()
    line.voice(until=2)
    line.written("t1")
    line.agent_begins()
    line.voice(until=6)
    line.agent_ends(interrupted=interrupted)
    assert line.spoken("t1") == (0, 2)
    line.voice(until=8)
    line.written("t2")
    assert line.spoken("t2") == (began, 8)


def test_what_the_model_takes_for_two_turns_has_no_sound_twice() -> None:
    line = Line()
    line.voice(until=2)
    line.written("t1")
    assert line.spoken("t1") == (0, 2)
    line.voice(until=3)
    line.written("t2")
    assert line.spoken("t2") == (2, 3)


def test_a_caller_who_speaks_too_softly_to_be_heard_has_no_voice() -> None:
    line = Line()
    line.voice(until=2)
    line.written("t1")
    assert line.spoken("t1") is not None
    line.quiet(until=6)
    line.written("t2")
    assert line.spoken("t2") is None
