"""What happens in a call, told to the guards; and what they say is due."""

from collections.abc import Callable
from typing import Literal

from livekit import rtc

from shared.models.agent import Agent
from worker.call_guard import (
    HOLD_SOUND_AFTER,
    LONGEST_TURN,
    TOOL_WORDS_AFTER,
    LengthGuard,
    ReplyGuard,
    SilenceGuard,
    StallGuard,
    WaitGuard,
)
from worker.caller_voice import CallerVoice
from worker.voice_activity import STARTS_AFTER, VoiceActivity

Due = Literal[
    "prompt_caller",
    "end_silent_call",
    "warn_of_end",
    "end_long_call",
    "tell_to_wait",
    "ask_model_again",
    "reconnect_model",
    "give_model_up",
]

ECHO_WITHIN = 0.6
"""Seconds after the agent's last word in which what is heard may be its own, thrown back by the line."""
BETWEEN_WORDS = 0.2
"""Seconds of silence in which nobody would take the caller's turn for over, and no model does."""


class CallWatch:
    """Takes events as they come and a monotonic `clock`; `due()` is asked a few times a second."""

    def __init__(self, agent: Agent, clock: Callable[[], float]) -> None:
        self._agent = agent
        self._clock = clock
        self._voice = VoiceActivity()
        self._caller_voice = CallerVoice()
        self._reply = ReplyGuard()
        self._stall = StallGuard()
        self._wait = WaitGuard()
        self._silence: SilenceGuard | None = None
        self._length: LengthGuard | None = None
        self._agent_speaking = False
        self._agent_spoke_at = clock()
        self._model_acted_at = clock()
        self._heard_from = clock()
        self._voiced_at = clock()
        self._caller_heard_at = clock()
        self._heard_alone = 0.0
        self._tool_since: float | None = None
        self._tool_ended_at = clock()
        self._told_to_wait_at: float | None = None
        self._broken_off = False

    def answered(self, gone: float = 0.0) -> None:
        """The conversation begins, or is gone on with after so many seconds: silence and length count."""
        now = self._clock()
        agent = self._agent
        self._silence = SilenceGuard(agent.silence_prompt_seconds, agent.silence_hangup_seconds, now)
        self._length = LengthGuard(agent.max_call_seconds, now, gone)
        self._stall.plays(self._agent_speaking, now)

    def caller_audio(self, frame: rtc.AudioFrame) -> float:
        """What the model hears, 16 kHz mono. Returns for how many seconds the line has been quiet."""
        change = self._voice.push(frame)
        if change is not None:
            self.caller_spoke()
        if change == "started":
            self._heard_from = self._clock()
            self._caller_voice.sounds(self._heard_from - STARTS_AFTER)
        if self._voice.speaking and not self._voice.quiet_for:
            self._voiced_at = self._clock()
            self._caller_voice.sounds(self._voiced_at)
            if self.agent_quiet_for() > ECHO_WITHIN:
                self._heard_alone += frame.duration
        # An "uh-huh" that the agent talked through, or a turn that is answered already, wants no reply.
        if change == "ended" and not self._agent_speaking and self._model_acted_at < self._heard_from:
            self._reply.reply_owed(self._clock())
        return self._voice.quiet_for

    def caller_spoke(self) -> None:
        self._caller_heard_at = self._clock()
        if self._silence is not None:
            self._silence.caller_spoke(self._clock())

    def caller_heard_since(self, moment: float) -> bool:
        """As a voice, not yet as words; `moment` is of the clock that was given."""
        return self._voiced_at > moment

    def caller_heard_alone(self) -> float:
        """Seconds of voice since the agent was last heard, without what may be its echo."""
        return self._heard_alone

    def agent_fell_silent_since(self, moment: float) -> bool:
        """And is silent; `moment` is of the clock that was given."""
        return not self._agent_speaking and self._agent_spoke_at > moment

    def caller_understood(self, turn: str) -> None:
        """The model has written down some of a turn of theirs, or begins to answer it."""
        self._caller_voice.understood(turn)

    def caller_spoke_ago(self, turn: str) -> tuple[float, float] | None:
        """Seconds since the voice of this turn began, and since it was last heard; asked when it is over.

        None: nobody was heard, or it is a turn of the agent's.
        """
        span = self._caller_voice.take(turn)
        return None if span is None else (self._clock() - span.began, self._clock() - span.ended)

    def caller_is_speaking(self) -> bool:
        """At this very moment, and no function runs that the model waits for."""
        speaks = self._voice.speaking and self._voice.quiet_for < BETWEEN_WORDS
        return speaks and self._tool_since is None

    def caller_spoke_up(self) -> None:
        """When the call was about to end: an answer to this is owed, and nothing that was owed before."""
        self._wait = WaitGuard()  # while the agent said goodbye, nobody asked what was due
        self._reply.model_acted()
        if self._model_acted_at < self._voiced_at:
            self._reply.reply_owed(self._clock())

    def model_acted(self) -> None:
        """It speaks or calls a function. What it thinks, or writes, nobody hears."""
        self._model_acted_at = self._clock()
        self._broken_off = False
        self._reply.model_acted()

    def model_sounds(self, seconds: float) -> None:
        """So much of its speech has come, faster than it can be heard."""
        self._stall.sound_came(seconds, self._clock())

    def reply_owed(self) -> None:
        """The model was asked for something, or got the result of a function."""
        self._reply.reply_owed(self._clock())

    def is_reply_owed(self) -> bool:
        """Whether the model was spoken to, or given a function's result, and has not acted since."""
        return self._reply.owed

    def in_exchange(self) -> bool:
        """Whether a reply is owed, or soon will be: the caller is speaking or a function runs."""
        return self._reply.owed or self._voice.speaking or self._tool_since is not None

    def agent_speaks(self, speaking: bool) -> None:
        now = self._clock()
        self._agent_speaking = speaking
        self._agent_spoke_at = now
        self._heard_alone = 0.0
        if speaking:
            self._caller_voice.agent_begins()
        # What is said while the phone rings is held back until it is answered.
        self._stall.plays(speaking and self._silence is not None, now)

    def agent_was_heard_out(self) -> None:
        """Its turn is over, and nobody has interrupted it."""
        self._caller_voice.agent_was_heard_out()

    def tool_runs(self, running: bool) -> None:
        self._tool_since = self._clock() if running else None
        self._told_to_wait_at = None
        if running:
            self._reply.model_acted()
        else:
            self._tool_ended_at = self._clock()
            self._reply.reply_owed(self._clock())

    def tools_called_off(self) -> None:
        """What still runs is nothing that the model waits for, or will speak about."""
        self._tool_since = self._told_to_wait_at = None

    def reply_broke_off(self) -> None:
        """The connection to the model did, in the middle of a reply; the rest comes with the next one."""
        self._broken_off = True

    def caller_waits_in_silence(self) -> bool:
        """For the model or a tool, and has heard nobody for a while: an answered call only."""
        if self._silence is None or not (self._agent_speaking or self._is_something_to_come()):
            return False
        return min(self.agent_heard_ago(), self._voice.quiet_for) >= HOLD_SOUND_AFTER

    def _is_something_to_come(self) -> bool:
        return self._reply.owed or self._broken_off or self._tool_since is not None

    def is_agent_speaking(self) -> bool:
        return self._agent_speaking

    def agent_quiet_for(self) -> float:
        """Seconds since the agent was last heard; 0 while it speaks."""
        return 0.0 if self._agent_speaking else self._clock() - self._agent_spoke_at

    def agent_heard_ago(self) -> float:
        """The same, but that a reply which has stopped in the middle is not heard."""
        return self._stall.quiet_for(self._clock()) if self._agent_speaking else self.agent_quiet_for()

    def agent_idle_for(self) -> float:
        """Seconds since the agent was last heard, or a function that the model waits for ran; 0 meanwhile."""
        if self._tool_since is not None:
            return 0.0
        return min(self.agent_quiet_for(), self._clock() - self._tool_ended_at)

    def due(self) -> list[Due]:
        """What has become due since the last time."""
        now = self._clock()
        return [
            *self._silence_due(now),
            *self._length_due(now),
            *self._reply_due(now),
            *self._stall_due(now),
            *self._wait_due(now),
            *self._tool_due(now),
        ]

    def _silence_due(self, now: float) -> list[Due]:
        if self._silence is None:
            return []
        if self._agent_speaking or self._tool_since is not None or self._voice.speaking or self._reply.owed:
            self._silence.agent_busy(now)
        due = self._silence.due(now)
        return [] if due is None else ["prompt_caller" if due == "prompt" else "end_silent_call"]

    def _length_due(self, now: float) -> list[Due]:
        due = None if self._length is None else self._length.due(now)
        return [] if due is None else ["warn_of_end" if due == "warn" else "end_long_call"]

    def _reply_due(self, now: float) -> list[Due]:
        noise = self._is_noise(now)
        if noise and not self._reply.owed:
            self._reply.reply_owed(now)
        if self._agent_speaking and self._reply.owed:
            # What it was asked for meanwhile comes behind these words, so it could not have answered yet.
            self._reply.reply_owed(now)
        # While a function runs, some models cannot speak: what they were asked for comes with its result.
        tool_runs = self._tool_since is not None
        if self._agent_speaking or tool_runs or (self._voice.speaking and not noise):
            return []
        due = self._reply.due(now)
        return [] if due is None else [_REPLY_DUE[due]]

    def _is_noise(self, now: float) -> bool:
        """Somebody seems to speak for longer than anybody does, such as a radio. A model that has stopped
        answering would never be noticed behind it."""
        if self._silence is None or self._agent_speaking or self._tool_since is not None:
            return False
        last_sign = max(self._caller_heard_at, self._model_acted_at, self._agent_spoke_at)
        return self._voice.speaking and now - last_sign >= LONGEST_TURN

    def _stall_due(self, now: float) -> list[Due]:
        due = self._stall.due(now)
        return [] if due is None else [_REPLY_DUE[due]]

    def _wait_due(self, now: float) -> list[Due]:
        waiting = self._is_something_to_come() and not self._agent_speaking and not self._voice.speaking
        return ["give_model_up"] if self._wait.is_over(waiting, now) else []

    def _tool_due(self, now: float) -> list[Due]:
        if self._tool_since is None or self._agent_speaking:
            return []
        if now - max(self._tool_since, self._agent_spoke_at) < TOOL_WORDS_AFTER:
            return []
        # Once more only when it was heard: a model that cannot speak meanwhile is not asked again and again.
        if self._told_to_wait_at is not None and self._agent_spoke_at <= self._told_to_wait_at:
            return []
        self._told_to_wait_at = now
        return ["tell_to_wait"]


_REPLY_DUE: dict[Literal["ask_again", "reconnect", "give_up"], Due] = {
    "ask_again": "ask_model_again",
    "reconnect": "reconnect_model",
    "give_up": "give_model_up",
}
