"""Every shipped scenario is one whole call over real protocols, and ends as it says.

One laptop cloud a LiveKit server, one tenant a call, and two calls at a time: what many calls at once do to a
small machine is not the question here.
"""

import asyncio
import wave
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from local.report import CallReport
from tests.calls.laptop import SCENARIOS, Laptop, scenario
from tests.faults.disturbed_call import longest_pause

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="package"), pytest.mark.timeout(480)]

NAMES = sorted(path.stem for path in SCENARIOS.glob("*.yaml"))
# These make the model refuse every connection for a while, so they run when the others are over.
ALONE = {"model-down"}

UNPLANNED_SILENCE = 3.0

Reports = dict[str, CallReport]


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def reports(laptop: Laptop) -> Reports:
    two_at_a_time = asyncio.Semaphore(2)

    async def in_turn(name: str) -> CallReport:
        async with two_at_a_time:
            return await play(laptop, name)

    together = [name for name in NAMES if name not in ALONE]
    played = await asyncio.gather(*(in_turn(name) for name in together))
    alone = [await play(laptop, name) for name in NAMES if name in ALONE]
    return {report.wav.stem: report for report in (*played, *alone) if report.wav}


async def play(laptop: Laptop, name: str) -> CallReport:
    tenant = await laptop.tenant()
    return await tenant.player.play(tenant.dialling(scenario(name)), name=name)


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


async def test_a_caller_who_waits_for_the_model_is_not_left_in_silence(reports: Reports) -> None:
    wav = reports["slow-model"].wav
    assert wav is not None
    assert longest_pause(wav) < UNPLANNED_SILENCE


def channels(wav: Path) -> tuple[np.ndarray, np.ndarray]:
    with wave.open(str(wav)) as file:
        assert file.getnchannels() == 2
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int32)
    return samples[0::2], samples[1::2]


def loudness(samples: np.ndarray) -> float:
    """RMS of the loud part."""
    loud = samples[np.abs(samples) > 100]
    return float(np.sqrt(np.mean(loud.astype(float) ** 2))) if loud.size else 0.0
