"""The laptop cloud: every outside system and every part of the product, as one process tree.

`running.json` in the state folder tells other commands where a running cloud listens, and the next start
what an earlier one may have left behind.
"""

import contextlib
import functools
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
from google.cloud.firestore import AsyncClient
from pydantic import BaseModel, ValidationError

from local import environment as env
from local.environment import Environment, Ports
from local.supervisor import Part, Supervisor, end_leftovers, python
from local.tls import Certificates, ensure_certificates
from shared.gateways.firestore import Database

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_STATE = ROOT / ".laptop"
DEMO_SENDER = "frontdesk@harbor-dental.example"
"""The address that Amazon SES may send from; `seeds/demo.yaml` names it."""


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
        try:
            running = Running.model_validate_json((state / "running.json").read_text(encoding="utf-8"))
        except (OSError, ValidationError):
            raise NotRunningError(f"no laptop cloud runs on {state}; start one with: make up") from None
        return cls(state, running.ports)


@asynccontextmanager
async def laptop_cloud(
    state: Path,
    *,
    base_port: int | None = None,
    embedded_livekit: bool = False,
    tls: Path | None = None,
    worker: list[str] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> AsyncGenerator[Cloud, None]:
    """Start everything on `state` (made if missing) and stop it again on the way out.

    `tls` is another folder for the certificates: a process can trust only one authority, since gRPC reads
    its roots once, so several clouds in one process must share it. `worker` is a command to run in the place
    of ours.
    """
    cloud = _prepare(state, base_port, tls)
    supervisor = Supervisor(_parts(cloud, embedded_livekit, worker), state / "logs", say)
    async with supervisor:
        cloud.supervisor = supervisor
        _record(cloud, supervisor)
        try:
            yield cloud
        finally:
            (state / "running.json").unlink(missing_ok=True)


def _prepare(state: Path, base_port: int | None, tls: Path | None) -> Cloud:
    """End what a killed run left behind, then choose ports."""
    state.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(OSError, ValidationError):
        end_leftovers(Running.model_validate_json((state / "running.json").read_text(encoding="utf-8")).pids)
    return Cloud(state, Ports.choose(base_port), tls)


def _record(cloud: Cloud, supervisor: Supervisor) -> None:
    pids: dict[int, float] = {}
    for pid in supervisor.pids().values():
        with contextlib.suppress(psutil.Error):
            pids[pid] = psutil.Process(pid).create_time()
    running = Running(ports=cloud.ports, pids=pids)
    (cloud.state / "running.json").write_text(running.model_dump_json(indent=2), encoding="utf-8")


def _parts(cloud: Cloud, embedded_livekit: bool, worker: list[str] | None) -> list[Part]:
    p, state, certs = cloud.ports, cloud.state, cloud.certificates
    tls = ["--tls-cert", str(certs.cert), "--tls-key", str(certs.key)]

    def folder(name: str) -> list[str]:
        return ["--state", str(state / name)]

    incoming = ROOT / "functions" / "incoming_call" / "main.py"
    webhook = f"{p.url('incoming_call')}/api/v1/voice/livekit/webhook"
    return [
        Part(
            "firestore",
            python("-m", "local.firestore", "--port", str(p.firestore), *folder("firestore")),
            p.firestore,
        ),
        Part(
            "google",
            python(
                *("-m", "local.google", "--port", str(p.google), "--grpc-port", str(p.google_grpc)),
                *("--project", env.PROJECT, "--queue", env.QUEUE),
                *folder("google"),
                *tls,
            ),
            p.google_grpc,
        ),
        Part(
            "livekit",
            python(
                *("-m", "local.livekit", "--port", str(p.livekit), "--key", env.LIVEKIT_KEY),
                *("--secret", env.LIVEKIT_SECRET, "--webhook-url", webhook),
                *(["--embedded"] if embedded_livekit else []),
            ),
            p.livekit,
        ),
        Part(
            "gemini",
            python(
                *("-m", "local.gemini", "--port", str(p.gemini)),
                *("--control-port", str(p.gemini_control)),
                *folder("gemini"),
                *tls,
            ),
            p.gemini,
        ),
        Part(
            "ses",
            python("-m", "local.ses", "--port", str(p.ses), *folder("ses"), "--verify", DEMO_SENDER),
            p.ses,
        ),
        Part(
            "twilio",
            python(
                *("-m", "local.twilio", "--port", str(p.twilio), *folder("twilio")),
                *("--account-sid", env.TWILIO_ACCOUNT_SID, "--auth-token", env.TWILIO_AUTH_TOKEN),
            ),
            p.twilio,
            env=cloud.environment.twilio(),
        ),
        Part(
            "incoming_call",
            [
                *python("-m", "functions_framework", "--host", "127.0.0.1"),
                *("--source", str(incoming), "--target", "incoming_call", "--port", str(p.incoming_call)),
            ],
            p.incoming_call,
            env=cloud.environment.incoming_call() | {"PYTHONPATH": str(ROOT)},
            after=("firestore", "google"),
        ),
        Part(
            "worker",
            worker or python("-m", "worker.worker", "start"),
            ready_line="registered worker",
            env=cloud.environment.worker() | {"PYTHONPATH": str(ROOT)},
            after=("google", "livekit"),
        ),
    ]
