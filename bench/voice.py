"""The voice path of the worker, against a minimal livekit-agents example and a bare google-genai loop.

    python -m bench.voice [--rounds N] [--quick]

All three talk to the same scripted Gemini peer, in processes of their own, one after the other. In each
round they take turns at every step, first with one call, then with five at once, then with ten, so that a
busy moment of the machine hits all of them. Sound, frames of 20 ms and time are real. Each step runs in a
process that is forked from one with everything imported, as livekit-agents does for each job; memory is PSS,
in which pages that processes share are divided among them, here by two. `bench.worker_footprint`
measures what calls take of a whole worker.

Whatever else a machine does can only make a figure larger. So variants are compared by the median of their
quietest run; median and p95 of all runs stand beside it.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import psutil

from bench import report
from bench.variants.caller import Times
from bench.voice_peer import VoicePeer

OURS, MINIMAL, BARE = "ours", "minimal", "bare"
VARIANTS = {OURS: "ours", MINIMAL: "livekit-agents, minimal", BARE: "google-genai, bare"}
NOISE = 1.05
"""Medians of such a run that are closer than this do not say which is faster."""
START_SECONDS, WAVE_SECONDS, STOP_SECONDS = 180.0, 120.0, 10.0

ROWS = {
    "reply": "first audio of a reply → output frame, ms",
    "caller_frame": "caller's speech, 20 ms frame → model, ms",
    "tool_call": "toolCall → handler, ms",
    "tool_result": "handler's result → model, ms",
    "interruption": "interrupted → output cleared, ms",
    "start": "session start → greeting's first frame, ms",
    "pss": "memory of the process (PSS), MB",
    "uss": "of it unshared (USS), MB",
    "cpu_start": "CPU seconds to start a session",
    "cpu_minute": "CPU seconds per call-minute",
}

ONE_PER_RUN = ("pss", "uss", "cpu_start", "cpu_minute")


@dataclass(frozen=True)
class Step:
    calls: int
    laps: int
    """0: the call ends with the greeting."""


FULL = (*[Step(1, 0)] * 3, *[Step(1, 2)] * 4, Step(5, 1), Step(10, 1))
"""A lap of one call has one interruption and three functions: a few of them say little."""
QUICK = (Step(1, 0), Step(1, 1), Step(5, 1), Step(10, 1))

Values = dict[str, list[float]]
"""By row, in the row's unit."""
Results = dict[int, dict[str, list[Values]]]
"""By number of calls at once, and variant: one entry a run."""


async def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.voice", description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="one short round, for a first impression")
    given = parser.parse_args(arguments)
    steps, rounds = (QUICK, 1) if given.quick else (FULL, given.rounds)
    with tempfile.TemporaryDirectory(prefix="bench-voice-") as folder:
        results = await measure(Path(folder), steps, rounds)
    summaries = summarised(results)
    for calls, by_row in summaries.items():
        _print(calls, by_row)
    slower = slower_rows(summaries)
    report.write_json(
        "voice",
        {"rounds": rounds, "rows": ROWS, "variants": VARIANTS, "by_calls": summaries, "slower": slower},
    )
    return 1 if slower else 0


async def measure(folder: Path, steps: Sequence[Step], rounds: int) -> Results:
    results: Results = defaultdict(lambda: defaultdict(list))
    async with AsyncExitStack() as stack:
        peer = await stack.enter_async_context(VoicePeer(folder))
        variants = {name: Variant(name, folder, peer.variables) for name in VARIANTS}
        await asyncio.gather(*(stack.enter_async_context(variant) for variant in variants.values()))
        order = list(variants.items())
        for _ in range(rounds):
            for step in steps:
                for name, variant in order:
                    results[step.calls][name].append(await _wave(peer, variant, step))
                order = [*order[1:], order[0]]
    return results


async def _wave(peer: VoicePeer, variant: "Variant", step: Step) -> Values:
    callers = await peer.new_callers(step.calls, step.laps)
    try:
        calls, usage = await variant.play(callers, step.laps)
    except RuntimeError as error:
        raise RuntimeError(f"{error}\nThe peer noted: {await peer.notes(callers)}") from error
    latencies = asdict(await peer.latencies(calls))
    if not step.laps:
        return {"start": [ns / 1e6 for ns in latencies["start"]], "cpu_start": usage["cpu_start"]}
    return {row: [ns / 1e6 for ns in found] for row, found in latencies.items()} | usage


class Variant:
    """A process that has imported everything, and forks one for each wave of calls (`bench.variants`)."""

    def __init__(self, name: str, folder: Path, variables: dict[str, str]) -> None:
        self._name = name
        self._folder = folder
        self._log = folder / f"{name}.log"
        # Models for local voice and turn detection would take 214 MB; a speech-to-speech model needs none.
        self._variables = {**os.environ, **variables, "LIVEKIT_AGENTS_PRELOAD_LOCAL_INFERENCE": "0"}

    async def __aenter__(self) -> Self:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bench.variants", self._name, str(self._folder)),
                env=self._variables,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                limit=2**24,
            )
        await self._answer(START_SECONDS)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def play(self, callers: list[str], laps: int) -> tuple[dict[str, Times], Values]:
        self._ask(json.dumps({"callers": callers, "laps": laps}))
        process = psutil.Process((await self._answer(WAVE_SECONDS))["pid"])
        memory = process.memory_full_info()
        self._ask("over")
        answer = await self._answer(STOP_SECONDS)
        usage = {
            "pss": [memory.pss / 2**20],
            "uss": [memory.uss / 2**20],
            "cpu_start": [answer["cpu_start"]],
            "cpu_minute": [answer["cpu_minute"]],
        }
        return {caller: Times(**times) for caller, times in answer["calls"].items()}, usage

    def _ask(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(line.encode() + b"\n")

    async def _answer(self, seconds: float) -> dict[str, Any]:
        """Raises `RuntimeError` with the end of the log when the process died."""
        assert self._process.stdout
        async with asyncio.timeout(seconds):
            line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._name} broke:\n{self._log.read_text(encoding='utf-8')[-3000:]}")
        return json.loads(line)


Summaries = dict[int, dict[str, dict[str, dict[str, float]]]]
"""By number of calls, row and variant: median and p95, the quietest run's median, and that one's ratio to the
minimal example's."""


def summarised(results: Results) -> Summaries:
    return {
        calls: {row: _row(row, by_variant) for row in ROWS} for calls, by_variant in sorted(results.items())
    }


def _row(row: str, by_variant: dict[str, list[Values]]) -> dict[str, dict[str, float]]:
    runs = {name: [run[row] for run in all_runs if row in run] for name, all_runs in by_variant.items()}
    quietest = {name: min(statistics.median(run) for run in found) for name, found in runs.items()}
    return {
        name: report.summary([value for run in found for value in run])
        | {"quietest": round(quietest[name], 2), "ratio": round(quietest[name] / quietest[MINIMAL], 2)}
        for name, found in runs.items()
    }


def slower_rows(summaries: Summaries) -> list[str]:
    """Where ours takes more than the minimal example, beyond what is noise."""
    return [
        f"{ROWS[row]} at {calls}: {by_variant[OURS]['ratio']} ×"
        for calls, by_row in summaries.items()
        for row, by_variant in by_row.items()
        if by_variant[OURS]["ratio"] > NOISE
    ]


def _print(calls: int, by_row: dict[str, dict[str, dict[str, float]]]) -> None:
    report.table(
        f"Voice, {calls} call{'s' if calls > 1 else ''} in a process: median / p95, "
        "(quietest run's median, × the minimal livekit-agents example's)",
        ["", *VARIANTS.values()],
        [
            (ROWS[row], *(_cell(row, name, by_variant[name]) for name in VARIANTS))
            for row, by_variant in by_row.items()
        ],
    )


def _cell(row: str, name: str, found: dict[str, float]) -> str:
    text = f"{found['median']:.4g}" + ("" if row in ONE_PER_RUN else f" / {found['p95']:.4g}")
    text += f" ({found['quietest']:.4g}"
    if name == MINIMAL:
        return text + ")"
    return f"{text}, {found['ratio']:.2f}×)" + (" slower" if found["ratio"] > NOISE else "")


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
