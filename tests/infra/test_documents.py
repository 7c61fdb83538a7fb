"""docs/deploy.md can be followed word for word, and docs/operating.md has a section for every alert."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.infra.terraform import SOURCE

pytestmark = [pytest.mark.infra, pytest.mark.timeout(300)]

ROOT = SOURCE.parents[1]
NEEDS_A_CLOUD = "# needs a cloud account\n"
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
TESTED_BY_ITSELF = "make test-infra\n"
"""These tests."""


def blocks() -> list[str]:
    return BLOCK.findall((ROOT / "docs" / "deploy.md").read_text(encoding="utf-8"))


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What git has of the project, with the environment of this one."""
    folder = tmp_path / "clone"
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    for name in (".venv", ".cache"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def test_every_command_of_the_guide_runs_or_says_that_it_needs_a_cloud(clone: Path) -> None:
    ours = [block for block in blocks() if not block.startswith(NEEDS_A_CLOUD) and block != TESTED_BY_ITSELF]
    assert len(ours) >= 2
    said = ""
    for block in ours:
        # `make` would install again what is installed, since the copies are younger.
        text = "set -euo pipefail\n" + block.replace("make deploy", "make --old-file=setup deploy")
        done = subprocess.run(
            ["bash", "-c", text],
            cwd=clone,
            env=dict(os.environ),
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
        said += done.stdout
    assert (clone / "infra" / "terraform" / "terraform.tfvars").exists()
    assert "== Make everything" in said


def test_nothing_is_run_by_a_test_that_could_reach_a_cloud() -> None:
    for block in blocks():
        if not block.startswith(NEEDS_A_CLOUD):
            assert not re.search(r"\bgcloud\b|terraform .*(apply|output|destroy)", block)


def test_every_alert_says_what_to_do() -> None:
    names = {
        name.partition(":")[0]
        for file in (SOURCE / "modules" / "observability").glob("*.tf")
        for kind, name in re.findall(
            r'resource "google_monitoring_(\w+)"[^{]*\{.*?display_name\s*=\s*"([^"]*)"',
            file.read_text(encoding="utf-8"),
            re.DOTALL,
        )
        if kind == "alert_policy"
    }
    assert len(names) >= 6
    guide = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    assert names <= set(re.findall(r"^### (.+)$", guide, re.MULTILINE))
