"""Memory and CPU of the worker's process tree during real calls, against a minimal livekit-agents worker.

    python -m bench.worker_footprint [--calls 1,3] [--rounds N]

Each worker serves a laptop cloud of its own: telephones, LiveKit and the scripted model are the same. The two
take turns, since on a busy machine the same work takes up to three times the CPU seconds; whatever else it
does only adds, so the least of the rounds counts. Telephones and LiveKit share the machine with the worker:
once all cores are busy, from some five calls on with two of them, CPU seconds say nothing any more. Memory is
PSS: pages that processes share are divided among them, so the sum over the tree is what it really takes.
"""

import argparse
import asyncio
import contextlib
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import aiohttp
import psutil

from bench import report
from bench.voice import NOISE
from bench.voice_peer import LONG_ANSWER, QUESTION
from local.cloud import Cloud, laptop_cloud
from local.commands import seed_cloud
from local.livekit.real import find_server
from local.phone.phone import Phone, unused_number
from local.phone.timeline import Moment
from local.scenario import Expect, Say, Scenario, Turn
from local.seed import DEMO, Seed
from local.supervisor import python
from shared.input_files import load_yaml

WORKERS = {"ours": None, "livekit-agents, minimal": python("-m", "bench.minimal_worker", "start")}
OURS, MINIMAL = WORKERS

BETWEEN_CALLS = 0.3
SETTLES_SECONDS = 2.0
WATCHED_SECONDS = 8.0
QUIET_CPU = 0.1
"""Seconds of CPU per second below which a worker is said to be at rest."""

CALL = Scenario(
    name="The caller asks once and listens",
    dials="+14155550100",
    greeting=[Say(say="Hello, how can I help you?")],
    turns=[Turn(caller=QUESTION, agent=[Say(say=LONG_ANSWER)])],
    expect=Expect(),
)


@dataclass(frozen=True)
class Footprint:
    memory_mb: float
    cpu_per_call_minute: float
    """Seconds, of the processes that live throughout; for no calls 0."""

    @classmethod
    def least(cls, runs: Sequence[Self]) -> Self:
        memory, cpu = (run.memory_mb for run in runs), (run.cpu_per_call_minute for run in runs)
        return cls(min(memory), min(cpu))


async def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.worker_footprint", description=__doc__)
    parser.add_argument("--calls", default="1,3", help="numbers of calls at once")
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args(arguments)
    counts = [int(number) for number in given.calls.split(",")]
    os.environ["WARM_PROCESSES"] = str(max(counts))
    with tempfile.TemporaryDirectory(prefix="bench-worker-") as folder:
        found = await measure(Path(folder), counts, given.rounds)
    rows = list(_rows(found))
    report.table(
        "Worker's processes during calls", ["", *WORKERS, "ratio"], [(*row, _ratio(row)) for row in rows]
    )
    slower = [row[0] for row in rows if row[1] > row[2] * NOISE]
    report.write_json(
        "worker_footprint",
        {"rows": [{"row": row[0], OURS: row[1], MINIMAL: row[2]} for row in rows], "more": slower},
    )
    return 1 if slower else 0


def _rows(found: dict[str, dict[int, Footprint]]) -> list[tuple[str, float, float]]:
    """(title, ours, the minimal worker's)."""
    rows: list[tuple[str, float, float]] = []
    for calls, ours in sorted(found[OURS].items()):
        minimal = found[MINIMAL][calls]
        rows.append((f"{calls} calls: memory of all processes, MB", ours.memory_mb, minimal.memory_mb))
        if calls:
            title = f"{calls} calls: CPU seconds per call-minute"
            rows.append((title, ours.cpu_per_call_minute, minimal.cpu_per_call_minute))
    return rows


def _ratio(row: tuple[str, float, float]) -> str:
    ratio = row[1] / row[2]
    return f"{ratio:.2f}×" + (" more" if ratio > NOISE else "")


async def measure(folder: Path, counts: Sequence[int], rounds: int) -> dict[str, dict[int, Footprint]]:
    """By worker and number of calls; 0: it waits for calls."""
    found: dict[str, dict[int, list[Footprint]]] = {name: defaultdict(list) for name in WORKERS}
    async with AsyncExitStack() as stack:
        clouds = {
            name: await stack.enter_async_context(_cloud(folder, name, command))
            for name, command in WORKERS.items()
        }
        for count in [count for count in counts for _ in range(rounds)]:
            for name, (cloud, tree) in clouds.items():
                await tree.rests()
                found[name][0].append(Footprint(tree.memory_mb(), 0.0))
                found[name][count].append(await _calls(cloud, count, tree))
    return {
        name: {count: Footprint.least(runs) for count, runs in by_count.items()}
        for name, by_count in found.items()
    }


@asynccontextmanager
async def _cloud(folder: Path, name: str, command: list[str] | None) -> AsyncGenerator[tuple[Cloud, "Tree"]]:
    embedded = find_server() is None
    async with laptop_cloud(
        folder / name, embedded_livekit=embedded, tls=folder / "tls", worker=command
    ) as cloud:
        os.environ.update(cloud.environment.owner())
        await seed_cloud(cloud, load_yaml(DEMO, Seed))
        assert cloud.supervisor
        tree = Tree(cloud.supervisor.pids()["worker"])
        await _calls(cloud, 1, tree)  # the first call finds everything cold
        yield cloud, tree


async def _calls(cloud: Cloud, count: int, tree: "Tree") -> Footprint:
    """Play so many calls at once. Raises `RuntimeError` when one is not answered."""
    answered = [asyncio.Event() for _ in range(count)]
    url = cloud.ports.url("gemini_control")
    async with (
        aiohttp.ClientSession(url, raise_for_status=True) as http,
        Phone(cloud.ports.url("twilio"), cloud.state / "calls") as phone,
    ):

        async def one(event: asyncio.Event) -> None:
            def on_moment(moment: Moment) -> None:
                if moment.name == "answered":
                    event.set()

            caller = unused_number()
            body = {"caller": caller, "scenario": CALL.model_dump(mode="json")}
            async with http.post("/_local/scenarios", json=body | {"now": datetime.now(UTC).isoformat()}):
                pass
            result = await phone.play(CALL, caller, on_moment=on_moment)
            if result.error or result.ended_by != "caller":
                raise RuntimeError(f"a call went wrong: {result.error or result.ended_by}")

        async with asyncio.TaskGroup() as group:
            for event in answered:
                group.create_task(one(event))
                await asyncio.sleep(BETWEEN_CALLS)
            for event in answered:
                await event.wait()
            await asyncio.sleep(SETTLES_SECONDS)
            used, began = tree.cpu_seconds(), time.monotonic()
            await asyncio.sleep(WATCHED_SECONDS)
            cpu = tree.cpu_seconds_since(used) / (time.monotonic() - began) * 60 / count
            return Footprint(tree.memory_mb(), cpu)


class Tree:
    """A process and all its descendants, at any moment."""

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)

    def _processes(self) -> list[psutil.Process]:
        return [self._root, *self._root.children(recursive=True)]

    def memory_mb(self) -> float:
        total = 0
        for process in self._processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                total += process.memory_full_info().pss
        return total / 2**20

    def cpu_seconds(self) -> dict[int, float]:
        """By process id."""
        found: dict[int, float] = {}
        for process in self._processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                found[process.pid] = times.user + times.system
        return found

    def cpu_seconds_since(self, before: dict[int, float]) -> float:
        """Of the processes that were there before and still are; that others start or end does not count."""
        now = self.cpu_seconds()
        return sum(now[pid] - before[pid] for pid in now.keys() & before.keys())

    async def rests(self) -> None:
        """Until the processes of earlier calls have gone and new ones stand ready."""
        while True:
            before = self.cpu_seconds()
            await asyncio.sleep(2.0)
            unchanged = self.cpu_seconds().keys() == before.keys()
            if unchanged and self.cpu_seconds_since(before) < 2.0 * QUIET_CPU:
                return


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
