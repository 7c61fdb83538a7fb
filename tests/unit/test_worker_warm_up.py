"""What is done once for all calls' processes is not done in a call."""

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import google.auth
import pytest
from google.auth.exceptions import DefaultCredentialsError
from google.oauth2.credentials import Credentials

from shared.gateways.google_cloud import own_credentials
from worker.warm_up import warm_up

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def key_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))


def test_credentials_are_found_before_there_is_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[Any] = []

    def look(**how: Any) -> tuple[Credentials, None]:
        looks.append(how)
        return Credentials(token="ours"), None

    monkeypatch.setattr(google.auth, "default", look)
    warm_up()
    assert (own_credentials().token, len(looks)) == ("ours", 1)


def test_a_worker_starts_without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    def look(**_: Any) -> None:
        raise DefaultCredentialsError("there are none")

    monkeypatch.setattr(google.auth, "default", look)
    warm_up()
    with pytest.raises(DefaultCredentialsError):  # they may be there later
        own_credentials()


def test_nothing_is_left_that_does_not_survive_a_fork() -> None:
    before = set(threading.enumerate())
    warm_up()
    assert set(threading.enumerate()) <= before


def test_what_no_call_uses_is_not_imported() -> None:
    program = "import sys, worker.preload; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    modules = done.stdout.split()
    assert "livekit.plugins.google.realtime.realtime_api" in modules
    assert not [m for m in modules if m.startswith(("google.cloud.speech", "google.cloud.texttospeech"))]
