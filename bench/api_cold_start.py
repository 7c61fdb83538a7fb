"""The API's cold start, by group of routes: from starting the process to its first answer to a member,
against a bare function of the same framework.

    python -m bench.api_cold_start [--runs N]

The variants take turns, so that a busy moment of the machine hits all of them.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from bench import report
from local.free_port import free_port
from tests.contract.tools_api_stack import Stack, TestTenant
from tests.processes import ROOT, FunctionProcess

MAIN = ROOT / "functions" / "tools_api" / "main.py"
BARE = "bare, ASGI"
FIRST_REQUESTS = {
    "tools": "/tools",
    "agents": "/tenants/{tenant}/agents?limit=10",
    "numbers": "/tenants/{tenant}/numbers?limit=10",
    "calls": "/tenants/{tenant}/calls?limit=10",
    "members": "/tenants/{tenant}/members",
    "audit": "/tenants/{tenant}/audit",
}
"""What a fresh process is asked first, by group of routes."""


async def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.api_cold_start", description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    runs = parser.parse_args().runs
    wall: dict[str, list[float]] = {name: [] for name in (BARE, *FIRST_REQUESTS)}
    cpu: dict[str, list[float]] = {name: [] for name in wall}
    with tempfile.TemporaryDirectory() as folder:
        async with Stack(Path(folder)) as stack:
            tenant = await stack.tenant()
            for number in range(-1, runs):
                for name in wall:
                    milliseconds, cpu_milliseconds = await _once(stack, tenant, name, Path(folder) / "log")
                    if number >= 0:  # the first round warms the disk and does not count
                        wall[name].append(milliseconds)
                        cpu[name].append(cpu_milliseconds)
    results = {
        name: {"wall_ms": report.summary(wall[name]), "cpu_ms": report.summary(cpu[name])} for name in wall
    }
    bare = results[BARE]["wall_ms"]["median"]
    report.table(
        "The API: cold start to the first answer",
        ["first asked for", "median, ms", "min", "max", "CPU, ms", "× bare"],
        [
            (
                *(name, row["wall_ms"]["median"], row["wall_ms"]["min"], row["wall_ms"]["max"]),
                *(row["cpu_ms"]["median"], f"{row['wall_ms']['median'] / bare:.2f}"),
            )
            for name, row in results.items()
        ],
    )
    report.write_json("api_cold_start", results)
    return 0


async def _once(stack: Stack, tenant: TestTenant, name: str, log: Path) -> tuple[float, float]:
    """Milliseconds by the clock, and of CPU time."""
    if name == BARE:
        process = FunctionProcess(free_port(), ROOT / "bench" / "bare_function.py", "bare_async", {}, log)
    else:
        process = api_process(stack, log)
    client = stack.client(tenant.owner.token)
    began = time.perf_counter()
    async with running(process) as client.origin:
        await client("GET", FIRST_REQUESTS.get(name, "/").format(tenant=tenant.id), expect=200)
        return (time.perf_counter() - began) * 1000, process.cpu_milliseconds()


def api_process(stack: Stack, log: Path) -> FunctionProcess:
    """Of the whole API, not started yet."""
    return FunctionProcess(free_port(), MAIN, "tools_api", stack.variables, log)


@asynccontextmanager
async def running(process: FunctionProcess) -> AsyncGenerator[str]:
    """Its address, from when it takes connections."""
    await process.start()
    try:
        await process.accepting()
        yield f"http://127.0.0.1:{process.port}"
    finally:
        await process.stop()


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
