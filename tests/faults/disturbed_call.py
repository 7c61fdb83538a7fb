"""A call during which something is killed, and what the caller heard of it."""

import asyncio
import itertools
import os
import signal
import time
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from local.cloud import Cloud
from local.phone.audio import VOICE_RMS
from local.phone.g711 import FRAME_SAMPLES, FRAME_SECONDS
from local.phone.timeline import Moment
from local.report import CallReport
from local.scenario import Scenario
from tests.calls.laptop import TestTenant

RUNS_DRY_WITHIN = 1.0
"""Seconds for which what was on its way is still heard."""

GOODBYE = {
    "caller": "Thank you, goodbye.",
    "agent": [{"say": "You are welcome. Goodbye."}, {"call": "end_call"}],
}
TALK = Scenario.model_validate(
    {
        "name": "Hello and goodbye",
        "dials": "+14155550100",
        "greeting": [{"say": "Hello, how can I help you?"}],
        "turns": [GOODBYE],
        "hangs_up": "agent",
        "expect": {"outcome": "agent_ended", "hears": ["You are welcome"]},
    }
)


@dataclass
class DisturbedCall:
    report: CallReport
    seconds: float
    """From the kill to the end of the call with its stored outcome."""
    silence: float
    """The silence that the kill caused: it begins within a second, and ends with a voice or with the line."""


def pid_of(cloud: Cloud, part: str) -> int:
    assert cloud.supervisor is not None
    return cloud.supervisor.pids()[part]


def kill(cloud: Cloud, part: str) -> None:
    os.kill(pid_of(cloud, part), signal.SIGKILL)


def serving(cloud: Cloud, worker: int) -> list[psutil.Process]:
    """The processes of that worker that serve a call: those that are connected to the model."""

    def talks_to_the_model(process: psutil.Process) -> bool:
        peers = [connection.raddr for connection in process.net_connections("tcp")]
        return any(peer and peer.port == cloud.ports.gemini for peer in peers)

    return list(filter(talks_to_the_model, psutil.Process(worker).children(recursive=True)))


async def disturb(
    tenant: TestTenant, scenario: Scenario, fault: Callable[[], None], *, name: str, after: float
) -> DisturbedCall:
    """Play `scenario`; `after` seconds after the answer, while the agent greets, `fault` happens."""
    moments: dict[str, float] = {}
    answered = asyncio.Event()

    def note(moment: Moment) -> None:
        moments.setdefault(moment.name, moment.monotonic)
        if moment.name == "answered":
            answered.set()

    playing = asyncio.create_task(tenant.player.play(tenant.dialling(scenario), name=name, on_moment=note))
    async with asyncio.timeout(30):
        await answered.wait()
    await asyncio.sleep(after)  # speech takes its time
    killed = time.monotonic()
    fault()
    report = await playing
    seconds = time.monotonic() - killed
    assert report.wav is not None
    silence = await asyncio.to_thread(longest_silence, report.wav, killed - moments["dialed"])
    print(f"{name}: silence {silence:.1f} s, over after {seconds:.1f} s, {report.outcome}")  # noqa: T201
    return DisturbedCall(report, seconds, silence)


def longest_silence(wav: Path, since: float) -> float:
    """Of the silences, in which nobody speaks, that begin in the second after `since`: the longest."""
    voiced, end = _voiced(wav)
    edges = [since, *(at for at in voiced if at >= since), end]
    gaps = [(begin, end - begin) for begin, end in itertools.pairwise(edges)]
    return max(length for begin, length in gaps if begin <= since + RUNS_DRY_WITHIN)


def longest_pause(wav: Path) -> float:
    """Between the first and the last that is heard of anybody."""
    return max(later - earlier for earlier, later in itertools.pairwise(_voiced(wav)[0]))


def _voiced(wav: Path) -> tuple[list[float], float]:
    """When somebody is heard, in frames of 20 ms, and when the recording ends."""
    with wave.open(str(wav)) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    frames = sound[: len(sound) - len(sound) % FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES, 2)
    loud = (np.sqrt(np.mean(np.square(frames, dtype=np.float64), axis=1)) > VOICE_RMS).any(axis=1)
    return [float(at) for at in np.flatnonzero(loud) * FRAME_SECONDS], len(loud) * FRAME_SECONDS
