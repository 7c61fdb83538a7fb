"""Simulated callers: `Phone.play` makes one call as a scenario says and tells everything about it."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

from local.phone.audio import trim
from local.phone.caller import REPLY_SECONDS, Caller, NotAsPlanned, TurnResult
from local.phone.g711 import RATE, Pcm
from local.phone.handset import CallOver, Handset, NoConnection
from local.phone.timeline import Moment
from local.scenario import Scenario
from local.speech import speech_for

MAX_CALL_SECONDS = 300.0


@dataclass
class CallResult:
    scenario: str
    caller: str
    called: str
    call_sid: str | None = None
    ended_by: str | None = None
    """"caller", "agent" (the far end of the last `<Dial>`), "twiml", "api", "error", or "network": the
    line was lost."""
    error: str | None = None
    """Why the call did not go as planned, as one sentence; None: it did, as far as a telephone can tell."""
    wav: Path | None = None
    """Stereo, 8 kHz: the caller left, what the caller heard right; begins when the number was dialled."""
    timeline: list[Moment] = field(default_factory=list[Moment])
    """In order of time; local/phone/timeline.py lists the names."""
    turns: list[TurnResult] = field(default_factory=list[TurnResult])
    heard_says: list[str] = field(default_factory=list[str])
    """Texts of `<Say>`."""
    recordings: list[str] = field(default_factory=list[str])
    """RecordingSids of messages that the caller left."""
    forwarded_to: list[str] = field(default_factory=list[str])
    """Numbers that were dialled by `<Dial><Number>` and answered."""

    def moment(self, name: str) -> Moment | None:
        """The first of that name."""
        return next((moment for moment in self.timeline if moment.name == name), None)

    def milliseconds(self, start: str, end: str) -> int | None:
        """Between the first moments of these names; None when one is missing."""
        first, last = self.moment(start), self.moment(end)
        return round((last.monotonic - first.monotonic) * 1000) if first and last else None

    def as_json(self) -> dict[str, Any]:
        turns = [
            asdict(turn) | {"response_ms": turn.response_ms, "interrupted_ms": turn.interrupted_ms}
            for turn in self.turns
        ]
        return asdict(self) | {"wav": str(self.wav) if self.wav else None, "turns": turns}


class Phone:
    """Any number of calls at once through one exchange; `out` receives a recording of each.

    A far end that says nothing for `reply_seconds` is not waited for any longer.
    """

    def __init__(self, exchange_url: str, out: Path, *, reply_seconds: float = REPLY_SECONDS) -> None:
        self._exchange_url = exchange_url.rstrip("/")
        self._out = out
        self._reply_seconds = reply_seconds

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.close()

    async def play(
        self,
        scenario: Scenario,
        caller_number: str | None = None,
        *,
        name: str | None = None,
        on_moment: Callable[[Moment], None] = lambda _: None,
        max_seconds: float = MAX_CALL_SECONDS,
    ) -> CallResult:
        """Make the call. Ends within `max_seconds`, whatever the far end does.

        `name` is the recording's file name, by default the CallSid. `on_moment` is told what happens while
        it happens. Raises `MissingSpeech` before dialling
        when a line cannot be spoken on this machine; all else that goes wrong is in the result.
        """
        caller = caller_number or scenario.caller or unused_number()
        speech = await _speech(scenario)
        result = CallResult(scenario.name, caller, scenario.dials)
        handset = Handset(self._http, self._exchange_url, caller, scenario.dials, on_moment)
        acts = Caller(handset, scenario, speech, self._reply_seconds)
        try:
            async with handset, asyncio.timeout(max_seconds):
                await acts.play()
        except (NotAsPlanned, NoConnection) as error:
            result.error = str(error)
        except TimeoutError:
            result.error = f"the call was still up after {max_seconds:g} s"
        except CallOver:
            result.error = _unfinished(handset, acts, scenario)
        acts.settle()
        result.turns = acts.turns
        _read_moments(result, handset)
        if result.call_sid is not None:
            result.wav = self._out / f"{name or result.call_sid}.wav"
            await asyncio.to_thread(handset.recorder.write, result.wav)
        return result


def unused_number() -> str:
    """A caller's number that no other call has at the moment, as good as certainly."""
    return f"+1628{random.randrange(2_000_000, 9_999_999)}"


def _unfinished(handset: Handset, acts: Caller, scenario: Scenario) -> str | None:
    """What was still to come when the far end hung up."""
    if not handset.answered:
        return "the call ended before it was answered"
    if len(acts.turns) < len(scenario.turns):
        return f"the far end hung up after {len(acts.turns)} of {len(scenario.turns)} turns"
    return None


async def _speech(scenario: Scenario) -> dict[str, Pcm]:
    """Line by line: nothing can interrupt the speech engine's thread, and whoever stops us waits for it."""
    lines = {turn.caller for turn in scenario.turns if turn.caller}
    return {line: trim((await asyncio.to_thread(speech_for, line, "caller", RATE)).samples) for line in lines}


def _read_moments(result: CallResult, handset: Handset) -> None:
    moments = list(handset.moments)
    if handset.heard.speeches:
        first = handset.heard.speeches[0].start
        at = moments[0].at + first - moments[0].monotonic
        moments.append(Moment("agent_first_heard", at, first))
    result.timeline = sorted(moments, key=lambda moment: moment.monotonic)
    dialled: Moment | None = None
    for moment in result.timeline:
        match moment.name:
            case "call":
                result.call_sid = moment.data["call_sid"]
            case "say":
                result.heard_says.append(moment.data["text"])
            case "recorded":
                result.recordings.append(moment.data["recording_sid"])
            case "dial":
                dialled = moment
            case "dial_answered" if dialled and dialled.data["kind"] == "number":
                result.forwarded_to.append(dialled.data["to"])
            case "ended":
                result.ended_by = moment.data["by"]
            case _:
                pass
    if result.call_sid is not None and result.ended_by is None:
        result.ended_by = "network"
        result.error = result.error or "the line was lost"
