"""What an operator gives the trunkline command to work on: a mistake is one line, exit status 2."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from operations.deployment import load_deployment
from shared.errors import ConfigurationError

pytestmark = pytest.mark.unit

TRUNKLINE = Path(__file__).parents[2] / "bin" / "trunkline"
GOOD: dict[str, object] = {
    "project_id": "example",
    "urls": dict.fromkeys(("incoming_call", "oauth", "tools_api"), "https://x.example"),
    "tasks_queue": "projects/example/locations/us-central1/queues/calls",
    "livekit_url": "wss://livekit.example",
    "sip_host": "sip.example",
}


@pytest.mark.parametrize(
    ("wrong", "env", "complaint"),
    [
        (
            {},
            {"LIVEKIT_URL": "livekit.example"},
            r"livekit_url \(LIVEKIT_URL\): expected a URL, such as wss://",
        ),
        ({"project_id": 5}, {}, r"project_id \(GOOGLE_CLOUD_PROJECT\): Input should be a valid string;"),
        ({"urls": "x"}, {"OAUTH_URL": "https://o.example"}, "urls: Input should be"),
        (
            {"urls": {}},
            {},
            r"urls\.incoming_call \(INCOMING_CALL_URL\): missing, urls\.oauth \(OAUTH_URL\): missing, ",
        ),
    ],
)
def test_a_deployment_with_a_mistake_is_told_what_was_expected(
    tmp_path: Path, wrong: dict[str, object], env: dict[str, str], complaint: str
) -> None:
    file = tmp_path / "deployment.json"
    file.write_text(json.dumps(GOOD | wrong))
    with pytest.raises(
        ConfigurationError, match=rf"^{re.escape(str(file))}: not a deployment: .*{complaint}"
    ):
        load_deployment(file, env)


def test_without_a_file_the_environment_is_told_what_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        ConfigurationError, match=r"^the environment: not a deployment: project_id \(GOOGLE_C"
    ):
        load_deployment(None, {"SIP_HOST": "sip.example"})


def test_a_variable_that_is_empty_leaves_what_the_file_says(tmp_path: Path) -> None:
    file = tmp_path / "deployment.json"
    file.write_text(json.dumps(GOOD))
    deployment = load_deployment(file, {"SIP_HOST": "", "GOOGLE_CLOUD_PROJECT": "another"})
    assert (deployment.sip_host, deployment.project_id) == ("sip.example", "another")


def test_before_anything_is_installed_the_command_says_so_also_through_a_link(tmp_path: Path) -> None:
    clone = tmp_path / "a clone"
    (clone / "bin").mkdir(parents=True)
    shutil.copy(TRUNKLINE, clone / "bin")
    link = tmp_path / "trunkline"
    link.symlink_to(clone / "bin" / "trunkline")

    done = subprocess.run([link], capture_output=True, text=True, timeout=20, check=False)

    assert done.returncode == 2
    assert done.stderr == f"trunkline: nothing is installed in {clone} yet; first run there: make setup\n"
