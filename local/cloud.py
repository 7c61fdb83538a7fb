"""The laptop cloud: every outside system and every part of the product, as one process tree.

`running.json` in the state folder tells other commands where a running cloud listens, and the next start
what an earlier one may have left behind. `lock` is held by whoever runs on the folder, and names its process.
"""

import contextlib
import fcntl
import functools
import os
import shlex
import shutil
import socket
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import psutil
from google.cloud.firestore import AsyncClient
from pydantic import BaseModel, ValidationError

from local import environment as env
from local.environment import Environment, Ports
from local.folders import made_folder
from local.parts import call_parts, console_parts
from local.supervisor import PartError, Supervisor, end_leftovers, runs
from local.tls import Certificates, ensure_certificates
from shared.gateways.firestore import Database


class Running(BaseModel):
    """What `running.json` holds while a laptop cloud runs."""

    ports: Ports
    pids: dict[int, float]
    """Process id → creation time in seconds since the epoch."""


class NotRunningError(Exception):
    """No laptop cloud runs on that state folder."""


class Cloud:
    """A running laptop cloud, as the commands see it."""

    def __init__(self, state: Path, ports: Ports, tls: Path | None = None) -> None:
        self.state = state
        self.ports = ports
        self.supervisor: Supervisor | None = None
        self.certificates: Certificates = ensure_certificates(tls or state / "tls")
        self.environment = Environment(ports, state, self.certificates)

    @functools.cached_property
    def database(self) -> Database:
        """With a client of its own: a process may look at several clouds, one after the other."""
        os.environ.update(self.environment.owner())
        return Database(AsyncClient(project=env.PROJECT))

    @classmethod
    def attach(cls, state: Path) -> "Cloud":
        """The cloud that another process runs on `state`. Raises `NotRunningError`."""
        with contextlib.suppress(OSError, ValidationError):
            running = Running.model_validate_json((state / "running.json").read_text(encoding="utf-8"))
            if any(runs(pid, created) for pid, created in running.pids.items()):  # else it was killed
                return cls(state, running.ports)
        raise NotRunningError(f"no laptop cloud runs on {state}; start one with: make up")


@asynccontextmanager
async def laptop_cloud(
    state: Path,
    *,
    fresh: bool = False,
    base_port: int | None = None,
    embedded_livekit: bool = False,
    tls: Path | None = None,
    worker: list[str] | None = None,
    console: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> AsyncGenerator[Cloud, None]:
    """Start everything on `state` (made if missing) and stop it again on the way out.

    Raises `InputError` when it cannot be written, `PartError` when another laptop cloud runs on it or a part
    does not start. `fresh` forgets what earlier runs left there.

    `tls` is another folder for the certificates: a process can trust only one authority, since gRPC reads
    its roots once, so several clouds in one process must share it. `worker` is a command to run in the place
    of ours. `console` adds what people set agents and telephony up with: sign-in, connections, the API, and
    LiveKit's SIP service.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(_held(state))
        used_before = not fresh and (state / "logs").exists()
        cloud = _prepare(state, base_port, tls, fresh=fresh)
        where = (cloud.ports, state, cloud.certificates)
        parts = call_parts(*where, embedded_livekit=embedded_livekit, sip=console, worker=worker)
        if console:
            parts += console_parts(*where)
        supervisor = Supervisor(parts, state / "logs", say, on_restart=lambda: _record(cloud, supervisor))
        try:
            await stack.enter_async_context(supervisor)
        except PartError as error:
            if not used_before:
                raise
            hint = (
                f"If what an earlier version left is the reason, start empty: rm -r {shlex.quote(str(state))}"
            )
            raise PartError(f"{error}\n{hint}") from None
        cloud.supervisor = supervisor
        _record(cloud, supervisor)
        try:
            yield cloud
        finally:
            (state / "running.json").unlink(missing_ok=True)


@contextmanager
def _held(state: Path) -> Generator[None]:
    """One laptop cloud a folder: another one's start would end this one's parts as left-overs."""
    with (made_folder(state) / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise PartError(
                f"{state}: a laptop cloud runs on this folder already, as process {lock.read()}; "
                "stop it, or name another folder"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _prepare(state: Path, base_port: int | None, tls: Path | None, *, fresh: bool) -> Cloud:
    """End what a killed run left behind, then choose ports."""
    with contextlib.suppress(OSError, ValidationError):
        end_leftovers(Running.model_validate_json((state / "running.json").read_text(encoding="utf-8")).pids)
    for child in state.iterdir() if fresh else ():
        if child.is_dir():
            shutil.rmtree(child)
        elif child.name != "lock":
            child.unlink()
    ports = Ports.choose(base_port)
    _check_free(ports)
    return Cloud(state, ports, tls)


def _check_free(ports: Ports) -> None:
    """Who listens there already would be taken for the part itself."""
    for name, port in ports:
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError as error:
            raise PartError(f"{name}: port {port} cannot be used: {os.strerror(error.errno or 0)}") from None


def _record(cloud: Cloud, supervisor: Supervisor) -> None:
    pids: dict[int, float] = {}
    for pid in supervisor.pids().values():
        with contextlib.suppress(psutil.Error):
            pids[pid] = psutil.Process(pid).create_time()
    running = Running(ports=cloud.ports, pids=pids)
    (cloud.state / "running.json").write_text(running.model_dump_json(indent=2), encoding="utf-8")
