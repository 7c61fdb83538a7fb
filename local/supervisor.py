"""Starts the parts of the laptop cloud as one process tree, keeps them running, and stops them cleanly.

A part that dies is started again after a moment, as Cloud Run or a managed service would be. Every part is
a process group of its own, so that Ctrl-C reaches the supervisor alone and it decides the order of the end.
"""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from local.tied import tied

READY_SECONDS = 120.0
STOP_SECONDS = 12.0
RESTART_DELAY_SECONDS = 0.5


class PartError(Exception):
    """A part did not start; the message ends with the last lines of its log."""


@dataclass(frozen=True)
class Part:
    name: str
    command: list[str]
    port: int | None = None
    """Ready when this port accepts a connection."""
    ready_line: str | None = None
    """Or when this text is in its log."""
    env: dict[str, str] = field(default_factory=dict[str, str])
    after: tuple[str, ...] = ()
    """Parts that must be ready before this one starts."""


class Supervisor:
    def __init__(
        self,
        parts: list[Part],
        logs: Path,
        say: Callable[[str], None] = lambda _: None,
        on_restart: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_restart` is called when a part that died runs again: it is another process then."""
        self._parts = {part.name: part for part in parts}
        self._logs = logs
        self._say = say
        self._on_restart = on_restart
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._ready = {name: asyncio.Event() for name in self._parts}
        self._keepers: list[asyncio.Task[None]] = []
        self.started_in_ms: dict[str, int] = {}

    async def __aenter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        try:
            async with asyncio.TaskGroup() as group:
                for part in self._parts.values():
                    group.create_task(self._start(part))
        except ExceptionGroup as error:
            await self.stop()
            raise error.exceptions[0] from None
        except BaseException:
            await self.stop()
            raise
        self._keepers = [asyncio.create_task(self._keep(part)) for part in self._parts.values()]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def pids(self) -> dict[str, int]:
        return {name: process.pid for name, process in self._processes.items()}

    async def until_ready(self, name: str) -> None:
        """Until a part that died runs again."""
        await self._ready[name].wait()

    def log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    async def stop(self) -> None:
        """Ends every part: SIGTERM, then SIGKILL for whatever is left after the grace period."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        # The worker and the functions end first, while what they talk to is still there.
        order = sorted(self._processes, key=lambda name: len(self._parts[name].after), reverse=True)
        last_wave = [name for name in order if not self._parts[name].after]
        first_wave = [name for name in order if self._parts[name].after]
        for wave in (first_wave, last_wave):
            await asyncio.gather(*(_end(self._processes[name]) for name in wave))

    async def _start(self, part: Part) -> None:
        for name in part.after:
            await self._ready[name].wait()
        started = time.monotonic()
        await self._run(part)
        self.started_in_ms[part.name] = round((time.monotonic() - started) * 1000)

    async def _run(self, part: Part) -> None:
        log = self.log(part.name)
        offset = log.stat().st_size if log.exists() else 0
        await self._spawn(part)
        await self._wait_until_ready(part, offset)
        self._ready[part.name].set()

    async def _spawn(self, part: Part) -> None:
        with self.log(part.name).open("ab") as log:
            self._processes[part.name] = await asyncio.create_subprocess_exec(
                *tied(*part.command),
                env={**os.environ, **part.env, "PYTHONUNBUFFERED": "1"},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def _wait_until_ready(self, part: Part, offset: int) -> None:
        process = self._processes[part.name]
        deadline = time.monotonic() + READY_SECONDS
        while not await self._is_ready(part, offset):
            if process.returncode is not None:
                raise PartError(
                    f"{part.name} ended at once (exit status {process.returncode}):\n{self._tail(part)}"
                )
            if time.monotonic() > deadline:
                raise PartError(
                    f"{part.name} was not ready within {READY_SECONDS:.0f} s:\n{self._tail(part)}"
                )
            await asyncio.sleep(0.03)

    async def _is_ready(self, part: Part, log_offset: int) -> bool:
        if part.ready_line is not None:
            with self.log(part.name).open("rb") as log:
                log.seek(log_offset)
                return part.ready_line.encode() in log.read()
        if part.port is None:
            return True
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", part.port)
        except OSError:
            return False
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return True

    async def _keep(self, part: Part) -> None:
        while True:
            process = self._processes[part.name]
            status = await process.wait()
            # As with a container: what it started goes with it, and so do the ports that it held.
            _signal_group(process.pid, signal.SIGKILL)
            self._ready[part.name].clear()
            self._say(f"{part.name} ended (exit status {status}); starting it again")
            await asyncio.sleep(RESTART_DELAY_SECONDS)
            try:
                await self._run(part)
                self._on_restart()
            except PartError as error:
                self._say(str(error))

    def _tail(self, part: Part, lines: int = 15) -> str:
        text = self.log(part.name).read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:]) + f"\n(log: {self.log(part.name)})"


async def _end(process: asyncio.subprocess.Process) -> None:
    _signal_group(process.pid, signal.SIGTERM)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    _signal_group(process.pid, signal.SIGKILL)
    await process.wait()


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def end_leftovers(pids: dict[int, float]) -> None:
    """End processes of an earlier run that was killed; `pids` maps pid to creation time (seconds)."""
    for pid, created in pids.items():
        if runs(pid, created):
            _signal_group(pid, signal.SIGKILL)


def runs(pid: int, created: float) -> bool:
    """Whether that process still runs, and `pid` is not another one's by now."""
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        return abs(process.create_time() - created) < 1 and process.status() != psutil.STATUS_ZOMBIE
    return False


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]
