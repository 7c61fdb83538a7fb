"""The worker's image without a container runtime: the script that the Dockerfile runs installs into a fresh
folder, and the worker is started from it as another user, on a read-only root with a tmpfs on /tmp alone, as
`docker run --read-only --tmpfs /tmp` has it. Where mounts cannot be had, it runs without, and a test that is
skipped says so."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest

from local import environment as env
from local.environment import Environment, Ports
from local.livekit.embedded import Config, EmbeddedServer
from local.tls import ensure_certificates
from operations.packaging.functions import find_uv
from operations.packaging.staging import ROOT

pytestmark = [pytest.mark.infra, pytest.mark.timeout(900)]

NOBODY = 65534
READ_ONLY_ROOT = """
set -e
awk '$3 !~ /^(proc|sysfs|dev|cgroup|mqueue)/ && $2 != "/dev/shm" { print $2 }' /proc/self/mounts |
while read -r place
do mount -o remount,bind,ro "$place"
done
mount -t tmpfs tmpfs /tmp
exec "$@"
"""
"""In a mount namespace of its own. /dev and /proc stay as a container has them."""
GONE_SECONDS = 10.0
READY_SECONDS = 60.0
"""LiveKit is tried again after 0, 2, 4, … seconds."""


def python_for_everybody() -> str:
    """A Python 3.11 that the unprivileged user may run, too: not one in somebody's home."""
    for path in (shutil.which("python3.11"), "/usr/bin/python3.11", "/usr/local/bin/python3.11"):
        if path is None or not Path(path).exists():
            continue
        where = [path, "-c", "import sys; print(sys._base_executable)"]
        found = os.path.realpath(subprocess.check_output(where, text=True).strip())
        try:
            subprocess.run([found, "-c", "pass"], check=True, cwd="/", **unprivileged())
        except (PermissionError, subprocess.CalledProcessError):
            continue
        return found
    pytest.skip("there is no Python 3.11 here that an unprivileged user may run")


def unprivileged() -> dict[str, Any]:
    """For subprocess; somebody who is not root already needs no other user."""
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


@cache
def on_read_only_root() -> tuple[str, ...]:
    """What comes before a command; nothing where this machine allows no mounts."""
    is_root = os.geteuid() == 0
    ids = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups") if is_root else ()
    prefix = ("unshare", "-m" if is_root else "-rm", "sh", "-c", READ_ONLY_ROOT, "sh", *ids)
    try:
        subprocess.run([*prefix, "true"], check=True, capture_output=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return ()
    return prefix


def open_to_all(folder: Path) -> str:
    folder.mkdir()
    folder.chmod(0o777)
    return str(folder)


@pytest.fixture(scope="module")
def image() -> Generator[Path]:
    # pytest's own folders are closed to other users.
    with tempfile.TemporaryDirectory(prefix="worker-image-", dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        done = subprocess.run(
            [ROOT / "worker" / "build_image.sh", folder / "worker", python_for_everybody()],
            env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "UV": find_uv()},
            capture_output=True,
            text=True,
            check=False,
            timeout=500,
        )
        assert done.returncode == 0, done.stderr
        yield folder / "worker"
        subprocess.run(["chmod", "-R", "u+w", str(folder)], check=True)


@dataclass
class Started:
    process: asyncio.subprocess.Process
    log: Path
    port: int

    async def health(self, path: str = "/") -> tuple[int, dict[str, Any]]:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=READY_SECONDS)) as http,
            http.get(f"http://127.0.0.1:{self.port}{path}") as answer,
        ):
            return answer.status, await answer.json()

    async def until(self, status: int) -> dict[str, Any]:
        """Until `GET /` answers `status`."""
        try:
            async with asyncio.timeout(READY_SECONDS):
                while True:
                    try:
                        answered, body = await self.health()
                    except aiohttp.ClientError:
                        answered, body = 0, {}
                    if answered == status:
                        return body
                    assert self.process.returncode is None
                    await asyncio.sleep(0.05)
        except (TimeoutError, AssertionError):
            pytest.fail(f"no {status}:\n{self.log.read_text(encoding='utf-8')[-4000:]}")

    def family(self) -> list[psutil.Process]:
        process = psutil.Process(self.process.pid)
        return [process, *process.children(recursive=True)]


@asynccontextmanager
async def started(image: Path, variables: dict[str, str], port: int) -> AsyncGenerator[Started]:
    """As the Dockerfile's ENTRYPOINT and ENV say, as another user, with nothing else in its environment."""
    prefix = on_read_only_root()
    # The Dockerfile's, where the root is as its image's.
    temporary = "/tmp" if prefix else open_to_all(image.parent / f"tmp-{port}")
    log = image.parent / f"worker-{port}.log"
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *(*prefix, str(image / "venv" / "bin" / "python"), "-m", "worker.worker", "start"),
            cwd=image / "app",
            env={
                **variables,
                "HOME": "/nonexistent",
                "PYTHONPATH": str(image / "app"),
                "PYTHONUNBUFFERED": "1",
                "PYTHONDONTWRITEBYTECODE": "1",
                "PATH": os.environ["PATH"],
                "TMPDIR": temporary,
                "HEALTH_PORT": str(port),
                "WARM_PROCESSES": "1",
            },
            stdout=output,
            stderr=output,
            start_new_session=True,
            **({} if prefix else unprivileged()),
        )
    try:
        yield Started(process, log, port)
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def environment_for(folder: Path, ports: Ports) -> dict[str, str]:
    """The worker's variables; the certificates lie where another user can read them."""
    return Environment(ports, folder, ensure_certificates(folder / "tls")).worker()


async def test_it_is_healthy_while_livekit_knows_it_and_gone_in_time(image: Path) -> None:
    ports = Ports.choose()
    environment = environment_for(image.parent, ports)
    livekit = Config(env.LIVEKIT_KEY, env.LIVEKIT_SECRET, port=ports.livekit)
    async with started(image, environment, ports.dashboard) as worker:
        # LiveKit is not there.
        assert (await worker.until(503))["state"] == "connecting"
        assert (await worker.health("/live"))[0] == 200
        async with EmbeddedServer(livekit):
            assert await worker.until(200) == {"state": "registered", "calls": 0}
            assert "registered worker" in worker.log.read_text()
        # LiveKit is lost, and comes back.
        assert (await worker.until(503))["state"] == "connecting"
        assert (await worker.health("/live"))[0] == 200
        async with EmbeddedServer(livekit):
            await worker.until(200)
            everybody = worker.family()
            if os.geteuid() == 0:
                assert {process.uids().effective for process in everybody} == {NOBODY}
            began = time.monotonic()
            worker.process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(worker.process.wait(), GONE_SECONDS)
            rest = max(0, GONE_SECONDS - (time.monotonic() - began))
            _, left = psutil.wait_procs(everybody, rest)
            assert not left
            assert worker.process.returncode == 0, worker.log.read_text()[-2000:]
    assert "Read-only file system" not in worker.log.read_text()


WRITES = """
import os, pathlib, sys
for place in sys.argv[1:]:
    try:
        pathlib.Path(place, f"written-{os.getpid()}").touch()
        print("written")
    except OSError as error:
        print(error.strerror)
"""


def test_it_finds_nowhere_to_write_but_the_tmpfs_on_tmp(image: Path) -> None:
    prefix = on_read_only_root()
    if not prefix:
        pytest.skip("no mounts here (unshare -m): the worker was started on a root that is not read-only")
    places = [image / "app", image, "/var/tmp", "/", "/tmp"]
    python = image / "venv" / "bin" / "python"
    done = subprocess.run(
        [*prefix, python, "-c", WRITES, *places], capture_output=True, text=True, check=True, timeout=60
    )
    said = done.stdout.splitlines()
    assert said == ["Read-only file system"] * 4 + ["written"]


async def test_told_to_stop_before_it_serves_it_goes_at_once(image: Path) -> None:
    ports = Ports.choose()
    environment = environment_for(image.parent, ports)
    async with started(image, environment, ports.dashboard) as worker:
        await worker.until(503)
        worker.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(worker.process.wait(), GONE_SECONDS) == 0


def test_nothing_in_it_can_be_changed_by_who_runs_it(image: Path) -> None:
    writable = [path for path in image.rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o222]
    assert not writable


def test_all_that_it_imports_is_compiled(image: Path) -> None:
    libraries = image / "venv" / "lib" / "python3.11" / "site-packages"
    ours, agents = list((image / "app").rglob("*.py")), list((libraries / "livekit" / "agents").rglob("*.py"))
    assert ours
    assert agents
    for source in ours + agents:
        assert (source.parent / "__pycache__" / f"{source.stem}.cpython-311.pyc").exists(), source


def test_nothing_foreign_is_inside(image: Path) -> None:
    assert {path.name for path in (image / "app").iterdir()} == {"shared", "worker"}
    assert not [path for path in (image / "app").rglob("*") if path.suffix not in (".py", ".pyc", "")]
    installed = {path.name.lower() for path in (image / "venv").glob("lib/python*/site-packages/*")}
    assert not {"pytest", "moto", "aiortc", "fastapi", "functions_framework", "pip"} & installed
