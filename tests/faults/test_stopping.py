"""The laptop cloud ends without leaving a process, however it is ended, and finds its state again."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from local.cloud import Cloud, NotRunningError
from local.environment import Ports
from local.phone.phone import unused_number
from local.report import CallReport
from shared.models.call import Outcome
from shared.models.session import session_id_for
from shared.services.call_service import CallService
from tests.calls.laptop import restored_environment
from tests.waiting import eventually

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]

ROOT = Path(__file__).parents[2]
READY_SECONDS = 90.0
GONE_SECONDS = 20.0
"""The worker has ten seconds to hand its calls over; nothing else takes long."""

SCENARIO = """
name: Says goodbye
dials: "+14155550100"
caller: "%s"
greeting: [{say: "Hello, how can I help you?"}]
turns: [{caller: "Thank you, goodbye."}]
expect: {outcome: caller_hung_up}
"""


@asynccontextmanager
async def laptop(state: Path, base_port: int) -> AsyncGenerator[Process]:
    """`python -m local up`, as a person starts it."""
    options = ["--state", str(state), "--base-port", str(base_port), "--embedded-livekit"]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "local", "up", *options),
        cwd=ROOT,
        stdin=DEVNULL,
        stdout=PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def until_ready(process: Process) -> None:
    assert process.stdout is not None
    async with asyncio.timeout(READY_SECONDS):
        async for line in process.stdout:
            if b"The laptop cloud runs" in line:
                return
    raise AssertionError("it ended before it was ready")


def family(process: Process) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


async def all_gone(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that are still there after the time that is allowed."""
    _, left = await asyncio.to_thread(psutil.wait_procs, processes, GONE_SECONDS)
    return left


async def call(state: Path, out: Path) -> CallReport:
    scenario = out / "scenario.yaml"
    await asyncio.to_thread(scenario.write_text, SCENARIO % unused_number())
    arguments = ["--scenario", str(scenario), "--state", str(state), "--out", str(out)]
    playing = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "local", "call", *arguments, cwd=ROOT, stdout=DEVNULL
    )
    assert await playing.wait() == 0
    text = await asyncio.to_thread((out / "calls.json").read_text)
    return CallReport.model_validate_json(text.strip().removeprefix("[").removesuffix("]"))


async def stored_outcome(state: Path, call_sid: str) -> Outcome | None:
    with restored_environment():
        service = CallService(Cloud.attach(state).database)
        return (await service.get_call("harbor-dental", session_id_for(call_sid))).outcome


def free_ports() -> int:
    """The first of as many consecutive free ports as a laptop cloud needs."""
    for base in range(21000, 60000, len(Ports.model_fields)):
        try:
            for _, port in Ports.choose(base):
                socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return base
    raise AssertionError("no free ports")


async def test_killed_it_leaves_no_process_and_started_again_it_has_its_calls(tmp_path: Path) -> None:
    state, base = tmp_path / "state", free_ports()
    async with laptop(state, base) as up:
        await until_ready(up)
        assert Cloud.attach(state).ports == Ports.choose(base)
        played = await call(state, tmp_path)
        children = family(up)
        assert len(children) > len(Ports.model_fields) - 2
        up.kill()
        assert await all_gone(children) == []
    with pytest.raises(NotRunningError):
        Cloud.attach(state)

    async with laptop(state, base) as up:
        await until_ready(up)
        assert played.call_sid is not None
        assert await stored_outcome(state, played.call_sid) is Outcome.CALLER_HUNG_UP
        children = family(up)
        os.killpg(up.pid, signal.SIGINT)  # as a terminal's Ctrl-C
        assert await up.wait() == 0
        assert await all_gone(children) == []
    assert not (state / "running.json").exists()


async def test_stopped_while_it_starts_it_leaves_no_process(tmp_path: Path) -> None:
    async with laptop(tmp_path / "state", free_ports()) as up:

        def half_started() -> list[psutil.Process]:
            found = family(up)
            return found if len(found) >= 5 else []

        children = await eventually(half_started, "the first parts run", seconds=READY_SECONDS)
        up.terminate()
        assert await up.wait() == 0
        assert await all_gone(children) == []
