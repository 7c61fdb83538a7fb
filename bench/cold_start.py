"""Cold start: from starting the process to the first 200, ours against a bare function of the same framework.

    python -m bench.cold_start [--runs N]

Ours answers a real signed webhook: number, agent, session and room included. The variants take turns, so
that a busy moment of the machine hits all of them. A "bare" function is one line that returns "ok".
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from bench import report
from bench.edge_stack import INCOMING, MAIN, ROOT, EdgeStack, FunctionProcess, call_params

ALLOWED_RATIO = 3.0

BARE_SYNC, BARE_ASYNC, OURS = "bare, Flask", "bare, ASGI", "incoming_call"


async def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.cold_start", description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    runs = parser.parse_args().runs
    times: dict[str, list[float]] = {BARE_SYNC: [], BARE_ASYNC: [], OURS: []}
    with tempfile.TemporaryDirectory() as folder:
        async with EdgeStack(Path(folder)) as stack:
            for number in range(-1, runs):  # the first round warms the disk and does not count
                for name, milliseconds in [(name, await _once(stack, name, number)) for name in times]:
                    if number >= 0:
                        times[name].append(milliseconds)
    ratios = {
        bare: round(statistics.median(times[OURS]) / statistics.median(times[bare]), 2)
        for bare in (BARE_SYNC, BARE_ASYNC)
    }
    summaries = {name: report.summary(values) for name, values in times.items()}
    report.table(
        "Cold start to the first 200, ms",
        ["function", "median", "min", "max", "ours is"],
        [
            (name, row["median"], row["min"], row["max"], f"{ratios[name]}×" if name in ratios else "")
            for name, row in summaries.items()
        ],
    )
    report.write_json("cold_start", {"milliseconds": summaries, "ratios": ratios, "allowed": ALLOWED_RATIO})
    return 0 if max(ratios.values()) <= ALLOWED_RATIO else 1


async def _once(stack: EdgeStack, name: str, number: int) -> float:
    """Milliseconds of one start."""
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
        took = (time.perf_counter() - began) * 1000
    finally:
        await process.stop()
    if status != 200 or (name == OURS and "<Sip" not in body):
        raise RuntimeError(
            f"{name} answered {status}: {body}\n{stack.log.read_text(encoding='utf-8')[-3000:]}"
        )
    return took


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
