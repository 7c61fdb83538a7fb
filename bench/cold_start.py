"""Cold start: from starting the process to the first 200, ours against a bare function of the same framework.

    python -m bench.cold_start [--runs N]

Ours answers a real signed webhook: number, agent, session and room included. The variants take turns, so
that a busy moment of the machine hits all of them. A "bare" function is one line that returns "ok"; the one
that counts is served as ours is (ASGI), the Flask one imports less of the framework.
"""

import argparse
import asyncio
import logging
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench import report
from tests.edge_stack import INCOMING, MAIN, EdgeStack, call_params
from tests.processes import ROOT, FunctionProcess

ALLOWED_RATIO = 3.0


@dataclass(frozen=True)
class Start:
    wall_ms: float
    cpu_ms: float
    """Of the server and its worker; says more than the clock on a machine that does other things as well."""


BARE_SYNC, BARE_ASYNC, OURS = "bare, Flask", "bare, ASGI", "incoming_call"


async def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.cold_start", description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    runs = parser.parse_args().runs
    logging.disable(logging.WARNING)  # the stand-ins say that no worker takes the agents' jobs
    starts: dict[str, list[Start]] = {BARE_SYNC: [], BARE_ASYNC: [], OURS: []}
    with tempfile.TemporaryDirectory() as folder:
        async with EdgeStack(Path(folder), announces_rooms=False) as stack:
            for number in range(-1, runs):
                for name, done in starts.items():
                    start = await _once(stack, name, number)
                    if number >= 0:  # the first round warms the disk and does not count
                        done.append(start)
    wall = {name: report.summary([start.wall_ms for start in done]) for name, done in starts.items()}
    cpu = {name: report.summary([start.cpu_ms for start in done]) for name, done in starts.items()}
    ratios = {
        bare: {
            "wall": round(wall[OURS]["median"] / wall[bare]["median"], 2),
            "cpu": round(cpu[OURS]["median"] / cpu[bare]["median"], 2),
        }
        for bare in (BARE_SYNC, BARE_ASYNC)
    }
    report.table(
        "Cold start to the first 200",
        ["function", "median, ms", "min", "max", "CPU, ms", "ours is", "in CPU time"],
        [
            (
                *(name, wall[name]["median"], wall[name]["min"], wall[name]["max"], cpu[name]["median"]),
                *(f"{ratio}×" for ratio in ratios.get(name, {}).values()),
            )
            for name in starts
        ],
    )
    results = {"wall_ms": wall, "cpu_ms": cpu, "ratios": ratios, "allowed": ALLOWED_RATIO}
    report.write_json("cold_start", results)
    return 0 if ratios[BARE_ASYNC]["wall"] <= ALLOWED_RATIO else 1


async def _once(stack: EdgeStack, name: str, number: int) -> Start:
    if name == OURS:
        source, target, path, variables = MAIN, "incoming_call", INCOMING, stack.variables
    else:
        source, path, variables = ROOT / "bench" / "bare_function.py", "/", {}
        target = "bare" if name == BARE_SYNC else "bare_async"
    process = FunctionProcess(stack.ports.incoming_call, source, target, variables, stack.log)
    params = call_params(1000 + number)
    began = time.perf_counter()
    await process.start()
    try:
        await process.accepting()
        status, body = await stack.post(path, params)
        start = Start((time.perf_counter() - began) * 1000, process.cpu_milliseconds())
    finally:
        await process.stop()
    if status != 200 or (name == OURS and "<Sip" not in body):
        raise RuntimeError(
            f"{name} answered {status}: {body}\n{stack.log.read_text(encoding='utf-8')[-3000:]}"
        )
    return start


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
