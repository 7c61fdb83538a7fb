"""What ends the laptop cloud from outside: it is stopped in order."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from local import command_line
from tests.waiting import eventually

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_runs_is_stopped_in_order_also_when_its_terminal_is_closed(
    tmp_path: Path, number: signal.Signals
) -> None:
    """A closed terminal ended the laptop cloud at once: its state said that it ran."""
    program = f"""
import asyncio, os, signal
from local import commands
from local.interrupts import until_interrupted

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup, under which the tests may run, has it ignored

async def main():
    with until_interrupted(lambda: None):
        try:
            os.kill(os.getpid(), {number:d})
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            open("stopped", "x").close()
            os.close(1)
            commands.say("a terminal that is gone")

asyncio.run(main())
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(command_line.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "stopped").exists()


async def test_a_closed_terminal_stops_it_also_where_only_make_is_told(tmp_path: Path) -> None:
    """Where the terminal runs make itself, the kernel hangs up make alone: it waited for what went on."""
    program = """
import asyncio
from local.interrupts import until_interrupted

async def main():
    with until_interrupted(lambda: None):
        open("started", "x").close()
        await asyncio.Event().wait()
    open("stopped", "x").close()

asyncio.run(main())
"""
    make = """
import os, signal, subprocess, sys

os.chdir(sys.argv[2])
signal.signal(signal.SIGHUP, lambda *_: None)
subprocess.run([sys.executable, "-c", sys.argv[1]], timeout=60)
"""
    make_pid, terminal = pty.fork()
    if make_pid == 0:
        os.environ["PYTHONPATH"] = str(Path(command_line.__file__).parents[1])
        os.execv(sys.executable, [sys.executable, "-c", make, program, str(tmp_path)])
    await eventually((tmp_path / "started").exists)
    os.close(terminal)
    await eventually(lambda: os.waitpid(make_pid, os.WNOHANG)[0])
    assert (tmp_path / "stopped").exists()
