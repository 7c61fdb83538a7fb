"""Starts the two Firestores that the contract tests compare: the stand-in and Google's emulator."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.free_port import free_port

_READY_SECONDS = 30
_STOP_SECONDS = 10
_JAR_IN_SDK = Path("platform/cloud-firestore-emulator/cloud-firestore-emulator.jar")


@dataclass(frozen=True)
class Server:
    address: str
    contenders: int
    """How many transactions fight for one document; the emulator ends a fight by a timeout of seconds."""


@contextmanager
def stand_in(state: Path, *arguments: str) -> Generator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "local.firestore", "--state", str(state), *arguments]
    with _running(command) as process:
        yield process


@contextmanager
def official_emulator() -> Generator[subprocess.Popen[bytes]]:
    """Skips the test where the emulator is not installed."""
    jar, java = _emulator_jar(), shutil.which("java")
    if jar is None or java is None:
        pytest.skip(
            "the official Firestore emulator is not here: install Java 11 or later and the Google Cloud "
            "SDK's component cloud-firestore-emulator (Debian: google-cloud-cli-firestore-emulator), or name "
            "its jar in FIRESTORE_EMULATOR_JAR"
        )
    main_class = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"
    command = [
        java,
        "-Duser.language=en",
        "-Xmx512m",
        "-cp",
        str(jar),
        main_class,
        "start",
        "--host",
        "127.0.0.1",
    ]
    with _running(command) as process:
        yield process


def address_of(process: subprocess.Popen[bytes]) -> str:
    """`host:port`."""
    assert isinstance(process.args, list)
    return f"127.0.0.1:{process.args[-1]}"


def _emulator_jar() -> Path | None:
    if named := os.environ.get("FIRESTORE_EMULATOR_JAR"):
        return Path(named)
    gcloud = shutil.which("gcloud")
    if gcloud is None:
        return None
    jar = Path(gcloud).resolve().parents[1] / _JAR_IN_SDK
    return jar if jar.exists() else None


@contextmanager
def _running(command: list[str]) -> Generator[subprocess.Popen[bytes]]:
    """Appends `--port N` with a free one."""
    port = free_port()
    with (
        tempfile.TemporaryFile() as log,  # a pipe that nobody reads would block the emulator
        subprocess.Popen([*command, "--port", str(port)], stdout=log, stderr=log) as process,
    ):
        try:
            if not _accepts(process, port):
                process.kill()
                log.seek(0)
                pytest.fail(f"{command} did not start: {log.read().decode()[-2000:]}")
            yield process
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _accepts(process: subprocess.Popen[bytes], port: int) -> bool:
    deadline = time.monotonic() + _READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.05)
    return False
