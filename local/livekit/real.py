"""The real livekit-server on loopback, as a managed subprocess, and how it gets onto this machine."""

import asyncio
import contextlib
import json
import logging
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import aiohttp

from local.free_port import free_port
from local.livekit.embedded import Config
from local.tied import tied

log = logging.getLogger(__name__)

PACKAGE = "github.com/livekit/livekit-server/cmd/server@v1.13.5"
BINARY = Path(__file__).resolve().parents[2] / ".cache" / "bin" / "livekit-server"

_HOST = "127.0.0.1"
_READY_SECONDS = 20.0
_START_ATTEMPTS = 3


class RealServerError(Exception):
    """The real server cannot be found, built or started."""


class _EndedAtOnceError(RealServerError):
    """Most likely somebody took one of the ports between our choice and its start."""


def find_server() -> Path | None:
    """LIVEKIT_SERVER_BIN, what `install` has built, or `livekit-server` on the PATH.

    Raises `RealServerError` when LIVEKIT_SERVER_BIN names something that cannot be run.
    """
    if named := os.environ.get("LIVEKIT_SERVER_BIN"):
        if not (Path(named).is_file() and os.access(named, os.X_OK)):
            raise RealServerError(f"LIVEKIT_SERVER_BIN={named}: expected a program")
        return Path(named)
    if os.access(BINARY, os.X_OK):
        return BINARY
    on_path = shutil.which("livekit-server")
    return Path(on_path) if on_path else None


def install() -> str:
    """Build the real server into the project's cache; returns what there is to say about it.

    Without Go nothing is built, and that is no error: the embedded server then serves. Raises
    `RealServerError` when the build fails.
    """
    if os.access(BINARY, os.X_OK):
        return f"livekit-server is there: {BINARY}"
    go = shutil.which("go")
    if go is None:
        return (
            "NOTE: Go is not installed (https://go.dev/dl), so livekit-server is not built; "
            "the embedded server is used instead."
        )
    BINARY.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "GOBIN": str(BINARY.parent)}
    if subprocess.run([go, "install", PACKAGE], env=environment, check=False).returncode:
        raise RealServerError(f"go install {PACKAGE} failed")
    (BINARY.parent / "server").rename(BINARY)
    return f"livekit-server built: {BINARY}"


class RealServer:
    """Runs the server while its context is entered; `port` and `url` are known from then on."""

    def __init__(
        self,
        binary: Path,
        config: Config,
        *,
        on_exit: Callable[[int], None] = lambda code: None,
        log_level: str = "info",
    ) -> None:
        """`on_exit` is called with the exit code when the server ends without having been stopped."""
        self._binary = binary
        self._config = config
        self._on_exit = on_exit
        self._log_level = log_level
        self._process: asyncio.subprocess.Process | None = None
        self._watcher: asyncio.Task[None] | None = None
        self.port = config.port

    @property
    def url(self) -> str:
        return f"ws://{_HOST}:{self.port}"

    async def __aenter__(self) -> Self:
        process = self._process = await self._start_with_free_ports()
        self._watcher = asyncio.create_task(self._watch(process))
        log.info("livekit-server (%s) on %s", self._binary, self.url)
        return self

    async def _start_with_free_ports(self) -> asyncio.subprocess.Process:
        for _ in range(_START_ATTEMPTS - 1):
            with contextlib.suppress(_EndedAtOnceError):
                return await self._start()
        return await self._start()

    async def _start(self) -> asyncio.subprocess.Process:
        self.port = self._config.port or free_port()
        # The settings go through the environment: no file with a secret, nothing in the process list.
        environment = {**os.environ, "LIVEKIT_CONFIG": json.dumps(self._settings())}
        process = await asyncio.create_subprocess_exec(
            *tied(str(self._binary), by=signal.SIGKILL),
            env=environment,
            start_new_session=True,
        )
        try:
            await asyncio.wait_for(self._ready(process), _READY_SECONDS)
        except TimeoutError:
            await _kill(process)
            raise RealServerError(f"{self._binary} was not ready within {_READY_SECONDS:g} s") from None
        except BaseException:
            await _kill(process)
            raise
        return process

    async def __aexit__(self, *_: object) -> None:
        if self._watcher:
            self._watcher.cancel()
        if self._process:
            await _kill(self._process)

    def _settings(self) -> dict[str, Any]:
        """https://github.com/livekit/livekit/blob/master/config-sample.yaml (JSON is YAML)"""
        config = self._config
        settings: dict[str, Any] = {
            "port": self.port,
            "bind_addresses": [_HOST],
            "keys": {config.key: config.secret},
            "rtc": {
                "tcp_port": free_port(),
                "udp_port": _free_udp_port(),
                "node_ip": _HOST,
                "use_external_ip": False,
                "interfaces": {"includes": ["lo"]},
                "enable_loopback_candidate": True,
            },
            "room": {
                "auto_create": config.auto_create,
                "empty_timeout": config.empty_timeout,
                "departure_timeout": config.departure_timeout,
            },
            "agents": {"target_load": config.target_load},
            "logging": {"level": self._log_level},
        }
        if config.redis_port is not None:
            settings["redis"] = {"address": f"{_HOST}:{config.redis_port}"}
        if config.webhook_urls:
            settings["webhook"] = {"api_key": config.key, "urls": list(config.webhook_urls)}
        return settings

    async def _ready(self, process: asyncio.subprocess.Process) -> None:
        async with aiohttp.ClientSession() as session:
            while True:
                if process.returncode is not None:
                    raise _EndedAtOnceError(f"{self._binary} ended at once, status {process.returncode}")
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(f"http://{_HOST}:{self.port}/") as response:
                        if response.ok:
                            return
                await asyncio.sleep(0.05)

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        code = await process.wait()
        log.error("livekit-server ended by itself with status %d", code)
        self._on_exit(code)


async def _kill(process: asyncio.subprocess.Process) -> None:
    """On SIGTERM it would wait for participants and idle connections; it has nothing that could get lost."""
    if process.returncode is None:
        process.kill()
        await process.wait()


def _free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])
