"""Processes that tests and measurements start beside themselves."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from pathlib import Path

import psutil

from tests.waiting import eventually

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS = 30.0


async def accepting(
    process: asyncio.subprocess.Process,
    port: int,
    *,
    log: Path | None = None,
    seconds: float = READY_SECONDS,
    pause: float = 0.05,
) -> None:
    """Returns once `port` takes connections, which is tried every `pause` seconds.

    Raises `AssertionError` with the end of the process's `log` when it ends, or does not do so in time.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while process.returncode is None:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(pause)
                else:
                    writer.close()
                    return
    told = "" if log is None else f":\n{log.read_text(encoding='utf-8')[-4000:]}"
    raise AssertionError(f"nothing takes connections at port {port}{told}")


class FunctionProcess:
    """functions-framework with one target, as Cloud Run starts it."""

    def __init__(self, port: int, source: Path, target: str, variables: dict[str, str], log: Path) -> None:
        self.port = port
        self._command = [
            *(sys.executable, "-m", "functions_framework", "--source", str(source)),
            *("--target", target, "--host", "127.0.0.1", "--port", str(port)),
        ]
        self._variables = {**os.environ, **variables, "PYTHONPATH": str(ROOT)}
        self._log = log
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, env=self._variables, stdout=log, stderr=log, start_new_session=True
            )

    async def accepting(self) -> None:
        """Of the started process, to the millisecond; see `accepting`."""
        assert self._process is not None
        await accepting(self._process, self.port, log=self._log, pause=0.001)

    def cpu_milliseconds(self) -> float:
        """CPU time so far, of the server and its worker."""
        if self._process is None:
            return 0.0
        server = psutil.Process(self._process.pid)
        times = [process.cpu_times() for process in (server, *server.children(recursive=True))]
        return 1000 * sum(spent.user + spent.system for spent in times)

    async def stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()
            # The server's worker inherited the socket, dies a little later, and tells nobody.
            await eventually(lambda: not self._is_accepting(), f"port {self.port} is free", pause=0.001)

    def _is_accepting(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(0.5)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
