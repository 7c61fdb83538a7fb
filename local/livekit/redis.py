"""A Redis of its own for the real livekit-server, which has its SIP service only with one."""

import asyncio
import shutil
from pathlib import Path
from typing import Self

from local.free_port import free_port
from local.tied import tied

_HOST = "127.0.0.1"
_READY_SECONDS = 10.0


class Redis:
    """Runs while its context is entered; `port` is known from then on.

    `folder` is where it keeps what must survive a restart; None: nothing does.
    """

    def __init__(self, program: str, folder: Path | None = None) -> None:
        self._program = program
        self._folder = folder
        self.port = 0

    @staticmethod
    def find() -> str | None:
        return shutil.which("redis-server")

    async def __aenter__(self) -> Self:
        self.port = free_port()
        options = ["--bind", _HOST, "--port", str(self.port), "--loglevel", "warning"]
        if self._folder is None:
            options += ["--save", ""]
        else:
            self._folder.mkdir(parents=True, exist_ok=True)
            options += ["--dir", str(self._folder), "--appendonly", "yes"]
        self._process = await asyncio.create_subprocess_exec(
            *tied(self._program, *options), start_new_session=True
        )
        async with asyncio.timeout(_READY_SECONDS):
            while not await _listens(self.port):
                if self._process.returncode is not None:
                    raise RuntimeError(f"{self._program} ended at once, status {self._process.returncode}")
                await asyncio.sleep(0.02)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(_HOST, port)
    except OSError:
        return False
    writer.close()
    return True
