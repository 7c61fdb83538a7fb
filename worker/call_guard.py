"""Who has been silent for how long, and what to do about it.

Small clocks, fed with what happens in the call and asked a few times a second what is due. They do
nothing themselves, and they take the time as an argument, in seconds of any monotonic clock.
"""

from typing import Literal

ASK_AGAIN_AFTER = 3.0
"""Seconds without a sign of the model after which it is asked (again) for the reply that it owes."""
RECONNECT_AFTER = 1.0
"""Seconds after that, still without a sign, at which it is asked once more over a new connection."""
GIVE_UP_AFTER = 3.0
"""Seconds after asking again, still without a sign, at which the caller is handed to the fallback."""
STALLED_AFTER = 3.0
"""Seconds without a sound in the middle of a reply after which its connection is given up, and the rest asked
for; after as long again the caller is handed to the fallback."""
LONGEST_TURN = 20.0
"""Seconds that a caller may speak without a pause, and without a word of it being written down, until the
line is taken for noisy and the model asked whether it has understood anything."""
LONGEST_WAIT = 25.0
"""Seconds that the caller may wait for the agent's next words, whatever it does meanwhile: more than the
slowest function and what follows it. A model that calls functions for ever, saying nothing, is given up."""
HOLD_SOUND_AFTER = 1.6
"""Seconds in which the caller hears nobody and nobody can speak, after which there is something to hear."""
TOOL_WORDS_AFTER = 2.5
"""Seconds of a running tool after which the caller is told to wait a moment."""
WARN_BEFORE_END = 60.0
"""Seconds before the longest allowed call ends at which the caller is told; not in short calls."""


class SilenceGuard:
    """The caller says nothing: ask, then end. An agent that speaks or works is not waiting for the caller."""

    def __init__(self, prompt_after: float, hang_up_after: float, now: float) -> None:
        self._prompt_after = prompt_after
        self._hang_up_after = hang_up_after
        self._since = now
        self._prompted = False

    def caller_spoke(self, now: float) -> None:
        self._since = now
        self._prompted = False

    def agent_busy(self, now: float) -> None:
        self._since = now

    def due(self, now: float) -> Literal["prompt", "hang_up"] | None:
        """Each is due once; "prompt" starts the wait for "hang_up"."""
        silent = now - self._since
        if not self._prompted and silent >= self._prompt_after:
            self._prompted = True
            self._since = now
            return "prompt"
        if self._prompted and silent >= self._hang_up_after:
            return "hang_up"
        return None


class LengthGuard:
    """The longest that a call may last, and a word shortly before."""

    def __init__(self, max_seconds: float, now: float, gone: float = 0.0) -> None:
        """`gone`: seconds that it has lasted already, with another agent."""
        self._ends = now + max_seconds - gone
        warns = self._ends - WARN_BEFORE_END
        self._warns: float | None = warns if max_seconds >= 2 * WARN_BEFORE_END and warns > now else None

    def due(self, now: float) -> Literal["warn", "end"] | None:
        if now >= self._ends:
            return "end"
        if self._warns is not None and now >= self._warns:
            self._warns = None
            return "warn"
        return None


class ReplyGuard:
    """The model owes a reply: the caller has spoken, a function has returned, or a phrase was asked for."""

    _STEPS: tuple[tuple[float, Literal["ask_again", "reconnect", "give_up"]], ...] = (
        (ASK_AGAIN_AFTER, "ask_again"),
        (ASK_AGAIN_AFTER + RECONNECT_AFTER, "reconnect"),
        (ASK_AGAIN_AFTER + GIVE_UP_AFTER, "give_up"),
    )

    def __init__(self) -> None:
        self._owed_since: float | None = None
        self._step = 0

    @property
    def owed(self) -> bool:
        return self._owed_since is not None

    def reply_owed(self, now: float) -> None:
        """The clock starts again with every turn of the caller's, until the model has been asked."""
        if self._step == 0:
            self._owed_since = now

    def model_acted(self) -> None:
        self._owed_since = None
        self._step = 0

    def due(self, now: float) -> Literal["ask_again", "reconnect", "give_up"] | None:
        """Each is due once, one after the other, until the model acts."""
        if self._owed_since is None or self._step == len(self._STEPS):
            return None
        seconds, due = self._STEPS[self._step]
        if now - self._owed_since < seconds:
            return None
        self._step += 1
        return due


class WaitGuard:
    """The caller waits for the agent's next words: for the model, a function, or one after the other."""

    def __init__(self) -> None:
        self._since: float | None = None

    def is_over(self, waiting: bool, now: float) -> bool:
        """Whether it has been `waiting` for too long, each time that it is asked."""
        if not waiting:
            self._since = None
        elif self._since is None:
            self._since = now
        return self._since is not None and now - self._since >= LONGEST_WAIT


class StallGuard:
    """A reply stops in the middle: all that came of it has been heard, and nothing says that it is over.

    Sound comes faster than it is heard, and what came before it is played waits for that. A reply of which no
    sound was told is not judged.
    """

    def __init__(self) -> None:
        self._playing = False
        self._waiting = 0.0
        self._lasts_until: float | None = None
        self._reconnected = False

    def sound_came(self, seconds: float, now: float) -> None:
        self._reconnected = False
        if self._playing:
            self._lasts_until = max(self._lasts_until or now, now) + seconds
        else:
            self._waiting += seconds

    def plays(self, playing: bool, now: float) -> None:
        if playing and not self._playing:
            lasts_until = max(self._lasts_until or now, now + self._waiting)
            self._lasts_until = lasts_until if lasts_until > now else None
            self._waiting = 0.0
            self._reconnected = False
        self._playing = playing

    def quiet_for(self, now: float) -> float:
        """Seconds since the last sound of the reply that is being played; 0 when none is."""
        if not self._playing or self._lasts_until is None:
            return 0.0
        return max(0.0, now - self._lasts_until)

    def due(self, now: float) -> Literal["reconnect", "give_up"] | None:
        """Each is due once, one after the other, until something comes."""
        quiet = self.quiet_for(now)
        if not self._reconnected and quiet >= STALLED_AFTER:
            self._reconnected = True
            return "reconnect"
        return "give_up" if self._reconnected and quiet >= 2 * STALLED_AFTER else None
