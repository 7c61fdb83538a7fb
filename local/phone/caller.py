"""The caller: plays a scenario's half of a conversation by ear, like a person who lets others finish."""

from dataclasses import dataclass

from local.phone.audio import Speech
from local.phone.g711 import Pcm
from local.phone.handset import Handset
from local.scenario import AgentStep, Say, Scenario, Turn

FINISHED_SECONDS = 1.0
"""So long a silence after speech means that the other side has finished."""
PATIENCE_SECONDS = 4.0
"""And so long when far fewer words were heard than the scenario has: a filler before a tool's answer."""
REPLY_SECONDS = 15.0
"""Without a word for so long the caller goes on alone."""
MAX_SPEECH_SECONDS = 90.0
HANG_UP_SECONDS = 30.0
"""For an agent that is to end the call."""
_SECONDS_PER_CHARACTER = 0.06
_HEARD_ENOUGH = 0.5


@dataclass
class TurnResult:
    """What came of one turn. Times are `time.monotonic()`."""

    number: int
    said: str | None
    pressed: str | None
    started: float
    """When the caller began to speak, press or be silent."""
    ended: float
    answer_heard: float | None = None
    """When the far end first spoke after that."""
    far_end_silent: float | None = None
    """After a barge-in: when the interrupted speech was last heard."""

    @property
    def response_ms(self) -> int | None:
        """From the caller's last word to the answer's first sound."""
        return None if self.answer_heard is None else round((self.answer_heard - self.ended) * 1000)

    @property
    def interrupted_ms(self) -> int | None:
        """From the caller's first word to the far end's silence."""
        return None if self.far_end_silent is None else round((self.far_end_silent - self.started) * 1000)


class NotAsPlanned(Exception):
    """The call cannot go on as the scenario says."""


class Caller:
    def __init__(
        self,
        handset: Handset,
        scenario: Scenario,
        speech: dict[str, Pcm],
        reply_seconds: float = REPLY_SECONDS,
    ) -> None:
        self._handset = handset
        self._scenario = scenario
        self._speech = speech
        self._reply_seconds = reply_seconds
        self._mark = 0.0
        """Where the latest turn began: only speech from here on is an answer to it."""
        self._expected: list[AgentStep] = []
        self.turns: list[TurnResult] = []

    async def play(self) -> None:
        """Raises `CallOver` when the far end hangs up, `NotAsPlanned` when something does not happen."""
        handset, scenario = self._handset, self._scenario
        if not await handset.until(lambda: handset.answered, scenario.answered_within_seconds):
            raise NotAsPlanned(f"not answered within {scenario.answered_within_seconds:g} s")
        self._expected = scenario.greeting
        for number, turn in enumerate(scenario.turns):
            await self._wait_for_turn(turn)
            await self._act(number, turn)
        if scenario.hangs_up == "agent":
            await handset.wait(HANG_UP_SECONDS)
            raise NotAsPlanned(f"nobody hung up within {HANG_UP_SECONDS:g} s")
        await self._wait_until_finished()

    def settle(self) -> None:
        """Complete the turns from everything that was heard. Call once the call is over."""
        ends = [*(turn.started for turn in self.turns[1:]), float("inf")]
        for turn, until in zip(self.turns, ends, strict=False):
            speeches = [s for s in self._handset.heard.since(turn.started) if s.start < until]
            answers = [s for s in speeches if s.start >= turn.ended] or speeches
            turn.answer_heard = answers[0].start if answers else None
            if turn.far_end_silent is not None:
                interrupted = [s for s in self._handset.heard.speeches if s.start < turn.started]
                turn.far_end_silent = max(turn.started, interrupted[-1].end)

    async def _wait_for_turn(self, turn: Turn) -> None:
        if turn.interrupt_after_seconds is None:
            await self._wait_until_finished()
        elif await self._handset.until(lambda: bool(self._heard()), self._reply_seconds):
            begun = self._heard()[0].start
            await self._handset.wait(begun + turn.interrupt_after_seconds - self._handset.now)
        if turn.caller is not None or turn.press is not None:
            await self._handset.wait(turn.wait_seconds)

    async def _act(self, number: int, turn: Turn) -> None:
        handset = self._handset
        started = self._mark = handset.now
        self._expected = turn.agent
        handset.note("caller_begins", turn=number, text=turn.caller, press=turn.press)
        result = TurnResult(number, turn.caller, turn.press, started, started)
        if turn.interrupt_after_seconds is not None:
            result.far_end_silent = started
        self.turns.append(result)
        if turn.caller is not None:
            await handset.say(self._speech[turn.caller])
        elif turn.press is not None:
            await handset.press(turn.press)
        else:
            await handset.wait(turn.wait_seconds)
        result.ended = handset.now if turn.caller or turn.press else started
        handset.note("caller_ends", turn=number)

    async def _wait_until_finished(self) -> None:
        if not await self._handset.until(lambda: bool(self._heard()), self._reply_seconds):
            self._handset.note("no_reply")
            return
        await self._handset.until(self._far_end_finished, MAX_SPEECH_SECONDS)

    def _far_end_finished(self) -> bool:
        speeches = self._heard()
        words = sum(len(step.say) for step in self._expected if isinstance(step, Say))
        voiced = sum(speech.voiced_seconds for speech in speeches)
        enough = voiced >= _HEARD_ENOUGH * _SECONDS_PER_CHARACTER * words
        silence = self._handset.now - speeches[-1].end
        return silence >= (FINISHED_SECONDS if enough else PATIENCE_SECONDS)

    def _heard(self) -> list[Speech]:
        """What the far end has said in answer to the latest turn."""
        return self._handset.heard.since(self._mark)
