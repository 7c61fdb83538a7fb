"""When the caller spoke, of each turn that the model writes down.

Gemini tells the words of a turn and no times; the loudness of the line tells times and no words. What was
heard when the model writes, until it begins to answer, is the turn's.
"""

from dataclasses import dataclass, replace

LONGEST_PAUSE = 2.0
"""Seconds of silence inside a turn. A model that waits for longer has not taken what it heard for words."""


@dataclass
class Span:
    """By the watch's clock."""

    began: float
    ended: float


class CallerVoice:
    def __init__(self) -> None:
        self._latest: Span | None = None
        self._goes_on = False
        self._of_turns: dict[str, Span] = {}
        self._told_until = float("-inf")

    def sounds(self, at: float) -> None:
        latest = self._latest
        if latest is None or not self._goes_on or at - latest.ended > LONGEST_PAUSE:
            latest = self._latest = Span(at, at)
            self._goes_on = True
        latest.ended = at

    def agent_begins(self) -> None:
        """What was said before is being answered. A line that goes on sounding, with noise perhaps, sounds of
        something else: no turn begins before the agent's one before it."""
        self._goes_on = False

    def agent_was_heard_out(self) -> None:
        """What sounded meanwhile was no turn, for it interrupted nobody: a cough, an "uh-huh", noise."""
        self._latest = None

    def understood(self, turn: str) -> None:
        """The model has written down some of this turn, or begins to answer it."""
        if self._latest is not None:
            began = self._of_turns.get(turn, self._latest).began
            self._of_turns[turn] = replace(self._latest, began=began)

    def take(self, turn: str) -> Span | None:
        """Once, when the turn is over. None: nobody was heard but in the turns before; a caller may speak too
        softly for us."""
        span = self._of_turns.pop(turn, None)
        if span is None or span.ended <= self._told_until:
            return None
        span.began = max(span.began, self._told_until)
        self._told_until = span.ended
        return span
