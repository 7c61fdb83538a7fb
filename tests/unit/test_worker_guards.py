"""The clocks of a call: silence, length, a model that owes a reply. Time is an argument, so nothing waits."""

import numpy as np
import pytest
from livekit import rtc

from shared.models.agent import Agent
from worker.call_guard import (
    ASK_AGAIN_AFTER,
    GIVE_UP_AFTER,
    HOLD_SOUND_AFTER,
    LONGEST_TURN,
    LONGEST_WAIT,
    RECONNECT_AFTER,
    STALLED_AFTER,
    TOOL_WORDS_AFTER,
    WARN_BEFORE_END,
    LengthGuard,
    ReplyGuard,
    SilenceGuard,
)
from worker.call_watch import CallWatch, Due
from worker.voice_activity import ENDS_AFTER, VoiceActivity

pytestmark = pytest.mark.unit

FRAME = 0.02


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def frame(loudness: int) -> rtc.AudioFrame:
    """20 ms of a square wave at 16 kHz: its RMS is its amplitude."""
    samples = np.where(np.arange(320) % 40 < 20, loudness, -loudness).astype("<i2")
    return rtc.AudioFrame(samples.tobytes(), 16000, 1, 320)


class Phone:
    """A caller who speaks and is silent, in steps of 20 ms, into a watch."""

    def __init__(self, **agent: float) -> None:
        self.clock = Clock()
        settings = Agent.model_validate({"name": "a", "instructions": "b", **agent})
        self.watch = CallWatch(settings, self.clock)
        self.watch.answered()

    def line(self, seconds: float, loudness: int) -> list[Due]:
        found: list[Due] = []
        for _ in range(round(seconds / FRAME)):
            self.clock.now += FRAME
            self.watch.caller_audio(frame(loudness))
            found += self.watch.due()
        return found

    def speaks(self, seconds: float = 1.0) -> list[Due]:
        return self.line(seconds, 4000)

    def is_quiet(self, seconds: float) -> list[Due]:
        return self.line(seconds, 20)

    def talks_on(self, seconds: float) -> list[Due]:
        """With pauses between words, as people and radios do; a line that hums is soon taken for quiet."""
        return [due for _ in range(round(seconds / 0.6)) for due in self.speaks(0.4) + self.is_quiet(0.2)]


def test_a_silent_caller_is_asked_and_then_the_call_ends() -> None:
    phone = Phone(silence_prompt_seconds=10, silence_hangup_seconds=5)
    assert phone.is_quiet(9.9) == []
    assert phone.is_quiet(0.2) == ["prompt_caller"]
    assert phone.is_quiet(4.8) == []
    assert phone.is_quiet(0.2)[0] == "end_silent_call"


def test_a_caller_who_speaks_up_starts_the_silence_anew() -> None:
    phone = Phone(silence_prompt_seconds=10, silence_hangup_seconds=5)
    assert phone.is_quiet(10.1) == ["prompt_caller"]
    phone.speaks()
    phone.watch.model_acted()
    assert phone.is_quiet(9.5) == []


def test_a_caller_who_talks_for_longer_than_the_silence_allows_is_not_silent() -> None:
    phone = Phone(silence_prompt_seconds=5)
    assert phone.speaks(12) == []


def test_time_in_which_the_agent_speaks_or_a_tool_runs_is_not_silence() -> None:
    phone = Phone(silence_prompt_seconds=10)
    phone.watch.agent_speaks(True)
    assert phone.is_quiet(12) == []
    phone.watch.agent_speaks(False)
    phone.watch.tool_runs(True)
    assert "prompt_caller" not in phone.is_quiet(12)


def test_a_model_that_does_not_answer_is_asked_again_then_reconnected_then_given_up() -> None:
    phone = Phone(silence_prompt_seconds=60)
    phone.speaks()
    due = phone.is_quiet(ENDS_AFTER + ASK_AGAIN_AFTER + GIVE_UP_AFTER + 1)
    assert due == ["ask_model_again", "reconnect_model", "give_model_up"]


@pytest.mark.parametrize("speaks", ["the agent", "the caller"])
def test_nobody_is_interrupted_by_asking_for_a_reply_that_is_owed(speaks: str) -> None:
    phone = Phone(silence_prompt_seconds=60)
    phone.watch.reply_owed()
    if speaks == "the agent":
        phone.watch.agent_speaks(True)
        assert phone.is_quiet(ASK_AGAIN_AFTER + GIVE_UP_AFTER) == []
        phone.watch.agent_speaks(False)
        assert phone.is_quiet(ASK_AGAIN_AFTER - 0.1) == [], "it could not have answered before"
        assert phone.is_quiet(0.2) == ["ask_model_again"]
    else:
        assert phone.speaks(ASK_AGAIN_AFTER + GIVE_UP_AFTER) == []


def test_a_caller_who_waits_for_the_model_is_not_asked_whether_they_are_there() -> None:
    phone = Phone(silence_prompt_seconds=5)
    phone.speaks()
    due = phone.is_quiet(ENDS_AFTER + ASK_AGAIN_AFTER + GIVE_UP_AFTER - 0.1)
    assert due == ["ask_model_again", "reconnect_model"]


def test_an_agent_is_idle_from_its_last_word_or_the_end_of_a_function_on() -> None:
    phone = Phone(silence_prompt_seconds=60)
    phone.watch.agent_speaks(True)
    phone.watch.agent_speaks(False)
    phone.is_quiet(1)
    assert phone.watch.agent_idle_for() == pytest.approx(1)
    phone.watch.tool_runs(True)
    phone.is_quiet(1)
    assert phone.watch.agent_idle_for() == 0
    phone.watch.tool_runs(False)
    phone.is_quiet(0.5)
    assert phone.watch.agent_idle_for() == pytest.approx(0.5), "what it says about the result may yet come"


def test_what_a_caller_said_before_the_agent_is_no_answer_to_it() -> None:
    phone = Phone()
    phone.speaks()
    assert phone.watch.caller_heard_alone() > 0
    phone.watch.agent_speaks(True)
    assert phone.watch.caller_heard_alone() == 0
    phone.watch.agent_speaks(False)
    phone.speaks(0.3)  # which may be its echo
    assert phone.watch.caller_heard_alone() == 0


def test_a_model_that_answered_while_the_caller_fell_silent_owes_nothing() -> None:
    phone = Phone(silence_prompt_seconds=60)
    phone.speaks()
    phone.is_quiet(0.3)
    phone.watch.model_acted()
    assert phone.is_quiet(10) == []


def test_a_word_that_the_agent_talks_through_wants_no_answer() -> None:
    phone = Phone(silence_prompt_seconds=60)
    phone.watch.agent_speaks(True)
    phone.speaks(0.3)
    assert phone.is_quiet(8) == []


def test_the_caller_is_told_to_wait_while_a_tool_takes_long() -> None:
    phone = Phone(silence_prompt_seconds=60)
    phone.watch.tool_runs(True)
    assert phone.is_quiet(TOOL_WORDS_AFTER + 0.1) == ["tell_to_wait"]


def test_a_tool_result_wants_an_answer() -> None:
    phone = Phone(silence_prompt_seconds=60)
    phone.watch.tool_runs(True)
    phone.watch.tool_runs(False)
    assert phone.is_quiet(ASK_AGAIN_AFTER + 0.1) == ["ask_model_again"]


def test_a_long_call_is_warned_and_then_ended() -> None:
    guard = LengthGuard(600, now=0)
    assert guard.due(600 - WARN_BEFORE_END - 1) is None
    assert guard.due(600 - WARN_BEFORE_END) == "warn"
    assert guard.due(599) is None
    assert guard.due(600) == "end"


@pytest.mark.parametrize("limit", [30, 2 * WARN_BEFORE_END - 1])
def test_a_short_limit_gives_no_warning(limit: float) -> None:
    guard = LengthGuard(limit, now=0)
    assert guard.due(limit - 1) is None
    assert guard.due(limit) == "end"


@pytest.mark.parametrize(
    ("gone", "warned", "ended"),
    [(100, 440, 500), (540, None, 60), (700, None, 0)],
    ids=["with time left", "after the warning", "after the end"],
)
def test_a_call_that_another_agent_began_lasts_no_longer_for_that(
    gone: float, warned: int | None, ended: int
) -> None:
    guard = LengthGuard(600, now=0, gone=gone)
    due = {second: due for second in range(501) if (due := guard.due(second))}
    warning = {} if warned is None else {warned: "warn"}
    assert due == warning | dict.fromkeys(range(ended, 501), "end")


def test_the_reply_guard_takes_each_step_once() -> None:
    guard = ReplyGuard()
    guard.reply_owed(0)
    moments = [ASK_AGAIN_AFTER, ASK_AGAIN_AFTER + RECONNECT_AFTER, ASK_AGAIN_AFTER + GIVE_UP_AFTER, 100.0]
    assert [guard.due(moment) for moment in moments] == ["ask_again", "reconnect", "give_up", None]


def test_a_model_that_has_been_asked_again_gets_no_more_time_when_the_caller_speaks_once_more() -> None:
    guard = ReplyGuard()
    guard.reply_owed(0)
    assert guard.due(ASK_AGAIN_AFTER) == "ask_again"
    guard.reply_owed(ASK_AGAIN_AFTER + 0.5)
    assert guard.due(ASK_AGAIN_AFTER + RECONNECT_AFTER) == "reconnect"


def test_a_model_that_came_back_is_asked_again_the_next_time_it_owes_a_reply() -> None:
    guard = ReplyGuard()
    for start in (0.0, 100.0):
        guard.reply_owed(start)
        assert guard.due(start + ASK_AGAIN_AFTER) == "ask_again"
        guard.model_acted()


def test_the_silence_guard_counts_from_the_end_of_the_agents_words() -> None:
    guard = SilenceGuard(10, 5, now=0)
    guard.agent_busy(7)
    assert guard.due(16) is None
    assert guard.due(17) == "prompt"


@pytest.mark.parametrize("noise", [10, 100, 250])
def test_a_noisy_line_without_speech_is_not_speech(noise: int) -> None:
    voice = VoiceActivity()
    assert {voice.push(frame(noise)) for _ in range(500)} == {None}


def test_speech_starts_and_ends_once() -> None:
    voice = VoiceActivity()
    loudness = [20] * 50 + [3000] * 50 + [20] * 20 + [3000] * 20 + [20] * 60
    assert [c for c in (voice.push(frame(level)) for level in loudness) if c] == ["started", "ended"]


def test_a_click_is_not_speech() -> None:
    voice = VoiceActivity()
    assert {voice.push(frame(level)) for level in [20] * 50 + [20000] * 3 + [20] * 100} == {None}


def test_a_caller_who_waits_for_the_model_gets_something_to_hear_well_within_three_seconds() -> None:
    phone = Phone()
    phone.speaks()
    phone.is_quiet(HOLD_SOUND_AFTER - 0.1)
    assert not phone.watch.caller_waits_in_silence()
    phone.is_quiet(0.2)
    assert phone.watch.caller_waits_in_silence()
    assert HOLD_SOUND_AFTER < 2.0
    phone.watch.model_acted()
    assert not phone.watch.caller_waits_in_silence()


@pytest.mark.parametrize("waits_for", ["a tool", "the rest of a reply"])
def test_a_caller_who_waits_for_something_else_gets_something_to_hear_too(waits_for: str) -> None:
    phone = Phone()
    phone.watch.agent_speaks(True)
    phone.watch.agent_speaks(False)
    if waits_for == "a tool":
        phone.watch.tool_runs(True)
    else:
        phone.watch.reply_broke_off()
    phone.is_quiet(HOLD_SOUND_AFTER - 0.1)
    assert not phone.watch.caller_waits_in_silence()
    phone.is_quiet(0.2)
    assert phone.watch.caller_waits_in_silence()
    phone.speaks(0.2)
    assert not phone.watch.caller_waits_in_silence()


def test_a_reply_that_broke_off_is_waited_for_until_the_model_goes_on() -> None:
    phone = Phone(silence_prompt_seconds=60)
    phone.watch.agent_speaks(True)
    phone.watch.agent_speaks(False)
    phone.watch.reply_broke_off()
    phone.is_quiet(HOLD_SOUND_AFTER + 0.1)
    assert phone.watch.caller_waits_in_silence()
    phone.watch.model_acted()
    assert not phone.watch.caller_waits_in_silence()
    assert phone.is_quiet(LONGEST_WAIT + 1) == []


def test_a_caller_whose_turn_it_is_hears_silence() -> None:
    phone = Phone()
    phone.watch.agent_speaks(True)
    phone.is_quiet(3)
    assert not phone.watch.caller_waits_in_silence()
    phone.watch.agent_speaks(False)
    phone.is_quiet(3)
    assert not phone.watch.caller_waits_in_silence()


def test_a_reply_that_stops_in_the_middle_is_reconnected_then_given_up() -> None:
    phone = Phone(silence_prompt_seconds=60)
    phone.watch.model_sounds(2.0)
    phone.watch.agent_speaks(True)
    assert phone.is_quiet(2 + STALLED_AFTER - 0.1) == []
    assert phone.is_quiet(0.2) == ["reconnect_model"]
    assert phone.is_quiet(STALLED_AFTER)[0] == "give_model_up"


def test_a_reply_that_stops_once_more_after_it_went_on_is_reconnected_once_more() -> None:
    phone = Phone(silence_prompt_seconds=60)
    phone.watch.agent_speaks(True)
    for _ in range(2):
        phone.watch.model_sounds(2.0)
        assert phone.is_quiet(2 + STALLED_AFTER - 0.1) == []
        assert phone.is_quiet(0.2) == ["reconnect_model"]


def test_a_reply_that_came_in_pieces_is_not_over_before_all_of_them_are_heard() -> None:
    phone = Phone(silence_prompt_seconds=60)
    for _ in range(3):
        phone.watch.model_sounds(2.0)
    phone.watch.agent_speaks(True)
    assert phone.is_quiet(3 * 2 + STALLED_AFTER - 0.1) == []


def test_a_reply_that_stops_is_noticed_as_soon_as_in_the_reply_before_it() -> None:
    phone = Phone(silence_prompt_seconds=60)
    for _ in range(2):
        phone.watch.model_sounds(2.0)
        phone.watch.agent_speaks(True)
        assert phone.is_quiet(2 + STALLED_AFTER - 0.1) == []
        assert phone.is_quiet(0.2) == ["reconnect_model"]
        phone.watch.agent_speaks(False)


def test_a_reply_that_goes_on_after_a_pause_has_not_stopped() -> None:
    phone = Phone(silence_prompt_seconds=60)
    phone.watch.agent_speaks(True)
    for _ in range(5):
        phone.watch.model_sounds(2.0)
        assert phone.is_quiet(2 + STALLED_AFTER - 0.1) == []
    phone.watch.agent_speaks(False)
    assert phone.is_quiet(20) == []


def test_a_caller_hears_something_while_a_reply_has_stopped_in_the_middle() -> None:
    phone = Phone()
    phone.watch.model_sounds(2.0)
    phone.watch.agent_speaks(True)
    phone.is_quiet(2 + HOLD_SOUND_AFTER - 0.1)
    assert not phone.watch.caller_waits_in_silence()
    phone.is_quiet(0.2)
    assert phone.watch.caller_waits_in_silence()


@pytest.mark.parametrize("begun", [True, False], ids=["begun before", "begun then"])
def test_a_greeting_that_waited_for_the_phone_to_be_answered_has_not_stopped(begun: bool) -> None:
    clock = Clock()
    watch = CallWatch(Agent(name="a", instructions="b"), clock)
    watch.model_sounds(4.0)
    if begun:
        watch.agent_speaks(True)
    clock.now += 10
    watch.answered()
    if not begun:
        watch.agent_speaks(True)
    clock.now += 4 + STALLED_AFTER - 0.1
    assert watch.due() == []
    clock.now += 0.2
    assert watch.due() == ["reconnect_model"]


def test_a_model_that_is_silent_behind_a_noisy_line_is_asked_again_and_given_up() -> None:
    phone = Phone(silence_prompt_seconds=60)
    assert phone.talks_on(LONGEST_TURN + ASK_AGAIN_AFTER - 0.5) == []
    due = phone.talks_on(GIVE_UP_AFTER + 1)
    assert due == ["ask_model_again", "reconnect_model", "give_model_up"]


def test_a_long_turn_of_which_words_are_written_down_is_not_noise() -> None:
    phone = Phone(silence_prompt_seconds=60)
    for _ in range(5):
        assert phone.talks_on(LONGEST_TURN - 1) == []
        phone.watch.caller_spoke()


def test_a_long_reply_on_a_noisy_line_is_not_asked_for_again_when_it_ends() -> None:
    phone = Phone(silence_prompt_seconds=60)
    phone.watch.model_sounds(60)
    phone.watch.agent_speaks(True)
    phone.watch.model_acted()
    assert phone.talks_on(40) == []
    phone.watch.agent_speaks(False)
    assert phone.talks_on(LONGEST_TURN - 1) == []


def test_a_function_that_was_called_off_neither_owes_a_reply_nor_hides_a_silent_model() -> None:
    """The caller talked over it: the model drops it, and owes what the caller's new words want."""
    phone = Phone(silence_prompt_seconds=60)
    phone.watch.model_acted()
    phone.watch.tool_runs(True)
    phone.speaks()
    phone.watch.tools_called_off()
    assert phone.is_quiet(ENDS_AFTER + ASK_AGAIN_AFTER + 0.1) == ["ask_model_again"], "though it still runs"
    phone.watch.model_acted()
    assert phone.is_quiet(10) == []


def test_a_model_that_cannot_speak_while_a_function_runs_is_not_given_up_for_that() -> None:
    """Functions of gemini-live-2.5 block: it says nothing before it has their results."""
    phone = Phone(silence_prompt_seconds=60)
    phone.watch.tool_runs(True)
    assert phone.is_quiet(TOOL_WORDS_AFTER + 0.1) == ["tell_to_wait"]
    phone.watch.reply_owed()
    assert phone.is_quiet(12) == []
    phone.watch.tool_runs(False)
    assert phone.is_quiet(ASK_AGAIN_AFTER - 0.1) == []
    assert phone.is_quiet(0.2) == ["ask_model_again"]


def test_who_was_told_to_wait_is_told_again_once_that_was_heard() -> None:
    phone = Phone(silence_prompt_seconds=60)
    phone.watch.tool_runs(True)
    assert phone.is_quiet(TOOL_WORDS_AFTER + 0.1) == ["tell_to_wait"]
    phone.watch.agent_speaks(True)
    phone.watch.agent_speaks(False)
    assert phone.is_quiet(TOOL_WORDS_AFTER - 0.1) == []
    assert phone.is_quiet(0.2) == ["tell_to_wait"]


def test_a_model_that_calls_functions_for_ever_and_says_nothing_is_given_up() -> None:
    phone = Phone(silence_prompt_seconds=60)

    def calls_functions(seconds: float) -> list[Due]:
        due: list[Due] = []
        for _ in range(round(seconds)):
            phone.watch.model_acted()
            phone.watch.tool_runs(True)
            due += phone.is_quiet(0.5)
            phone.watch.tool_runs(False)
            due += phone.is_quiet(0.5)
        return due

    assert calls_functions(LONGEST_WAIT - 1) == []
    assert calls_functions(2)[0] == "give_model_up"


def test_who_speaks_up_at_the_end_of_a_long_goodbye_has_not_waited_for_it() -> None:
    phone = Phone(silence_prompt_seconds=60)
    phone.watch.tool_runs(True)
    assert phone.is_quiet(0.1) == []
    phone.watch.tool_runs(False)
    phone.clock.now += LONGEST_WAIT
    phone.watch.caller_spoke_up()
    phone.watch.reply_owed()
    assert phone.is_quiet(1) == []


def test_waiting_that_the_agent_breaks_with_a_word_begins_anew() -> None:
    phone = Phone(silence_prompt_seconds=60)
    for _ in range(3):
        phone.watch.tool_runs(True)
        phone.is_quiet(LONGEST_WAIT - 1)
        phone.watch.agent_speaks(True)
        assert phone.is_quiet(1) == []
        phone.watch.agent_speaks(False)
