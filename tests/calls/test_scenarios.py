"""Every shipped scenario is one whole call over real protocols, and ends as it says.

One laptop cloud a LiveKit server, one tenant a call, and three calls at a time, which take a third of a small
machine: what many do to it is not the question here.
"""

import asyncio
import wave
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from local.report import CallReport
from shared.models.call import CallEvent
from tests.calls.laptop import SCENARIOS, Laptop, scenario
from tests.faults.disturbed_call import longest_pause

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="package"), pytest.mark.timeout(480)]

NAMES = sorted(path.stem for path in SCENARIOS.glob("*.yaml"))
# These make the model refuse every connection for a while, so they run when the others are over.
ALONE = {"model-down"}

UNPLANNED_SILENCE = 3.0


@dataclass
class Played:
    report: CallReport
    followed: list[CallEvent]
    """In the order in which they were stored."""

    @property
    def turns(self) -> list[CallEvent]:
        return sorted((event for event in self.followed if event.kind == "turn"), key=lambda each: each.at)


Calls = dict[str, Played]
Reports = dict[str, CallReport]


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def calls(laptop: Laptop) -> Calls:
    three_at_a_time = asyncio.Semaphore(3)

    async def in_turn(name: str) -> Played:
        async with three_at_a_time:
            return await play(laptop, name)

    together = [name for name in NAMES if name not in ALONE]
    played = await asyncio.gather(*(in_turn(name) for name in together))
    alone = [await play(laptop, name) for name in NAMES if name in ALONE]
    return {call.report.wav.stem: call for call in (*played, *alone) if call.report.wav}


@pytest.fixture
def reports(calls: Calls) -> Reports:
    return {name: call.report for name, call in calls.items()}


async def play(laptop: Laptop, name: str) -> Played:
    tenant = await laptop.tenant()
    followed: list[CallEvent] = []
    report = await tenant.player.play(tenant.dialling(scenario(name)), name=name, follow=followed.append)
    return Played(report, followed)


@pytest.mark.parametrize("name", NAMES)
async def test_call_goes_as_the_scenario_says(reports: Reports, name: str) -> None:
    report = reports[name]
    assert report.failures == [], report.model_dump_json(include={"transcript", "steps", "turns", "tools"})


async def test_recording_has_the_caller_left_and_the_agent_right(reports: Reports) -> None:
    wav = reports["book-a-slot"].wav
    assert wav is not None
    left, right = channels(wav)
    assert loudness(left) > 200
    assert loudness(right) > 200
    both = np.mean((np.abs(left) > 500) & (np.abs(right) > 500))
    assert both < 0.05, "caller and agent take turns"


async def test_timeline_holds_every_step_in_order(reports: Reports) -> None:
    steps = dict(reports["book-a-slot"].steps)
    names = ("webhook", "TwiML", "caller in room", "answered", "first word", "hang-up")
    times = [at for name in names if (at := steps[name]) is not None]
    assert None not in steps.values()
    assert times == sorted(times)


async def test_the_callers_turns_carry_the_time_in_which_they_spoke(calls: Calls) -> None:
    """They carried the time in which the model had written them down."""
    call = calls["book-a-slot"]
    spoken = [voice(turn) for turn in call.turns if turn.data["speaker"] == "caller"]
    assert call.report.wav is not None
    left, _ = channels(call.report.wav)
    heard = speeches(left)
    assert len(spoken) == len(heard) == 3
    for (began, ended), (first, last) in zip(spoken, heard, strict=True):
        assert began - spoken[0][0] == pytest.approx(first - heard[0][0], abs=0.25)
        assert ended - began == pytest.approx(last - first, abs=0.25)


async def test_who_cuts_the_agent_short_is_shown_to_speak_over_it_and_stands_behind_it(calls: Calls) -> None:
    turns = calls["barge-in"].turns
    assert [turn.data["speaker"] for turn in turns] == ["agent", "caller"] * 3 + ["agent"]
    cut, caller = turns[2:4]
    assert cut.data["interrupted"]
    began, ended = voice(caller)
    agent_began = cut.at.timestamp()
    assert agent_began + 1 < began < agent_began + cut.data["seconds"] < ended
    for agent, polite in (turns[0:2], turns[4:6]):
        assert agent.at.timestamp() + agent.data["seconds"] < voice(polite)[0]


async def test_what_a_function_did_is_told_before_the_turn_that_follows_is_over(calls: Calls) -> None:
    """As the terminal shows it: it was held back until then. A goodbye that ends the call comes before."""
    followed = [event for event in calls["book-a-slot"].followed if event.kind in ("turn", "tool_call")]
    looked_up = [event.kind for event in followed].index("tool_call")
    assert not followed[looked_up].data["in_turn"]
    assert followed[looked_up + 1].at > followed[looked_up].at


async def test_a_caller_who_waits_for_the_model_is_not_left_in_silence(reports: Reports) -> None:
    wav = reports["slow-model"].wav
    assert wav is not None
    assert longest_pause(wav) < UNPLANNED_SILENCE


def channels(wav: Path) -> tuple[np.ndarray, np.ndarray]:
    with wave.open(str(wav)) as file:
        assert file.getnchannels() == 2
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int32)
    return samples[0::2], samples[1::2]


def voice(turn: CallEvent) -> tuple[float, float]:
    """From and until when the caller was heard."""
    began, ended = (datetime.fromisoformat(turn.data[name]) for name in ("voice_from", "voice_until"))
    return began.timestamp(), ended.timestamp()


def speeches(samples: np.ndarray, rate: int = 8000, pause: float = 0.8) -> list[tuple[float, float]]:
    """From and until which second somebody speaks."""
    loud = np.flatnonzero(np.abs(samples) > 500) / rate
    gaps = np.flatnonzero(np.diff(loud) > pause)
    return list(zip(loud[[0, *(gaps + 1)]], loud[[*gaps, -1]], strict=True))


def loudness(samples: np.ndarray) -> float:
    """RMS of the loud part."""
    loud = samples[np.abs(samples) > 100]
    return float(np.sqrt(np.mean(loud.astype(float) ** 2))) if loud.size else 0.0
