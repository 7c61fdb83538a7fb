"""`make doctor` runs before anything is installed, and when what is installed or written is what is wrong."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local import doctor

pytestmark = pytest.mark.unit

ROOT = Path(doctor.__file__).parents[1]


def executable(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.mark.parametrize("program", [["local/doctor.py"], ["-m", "local", "doctor"]])
def test_it_needs_no_library(program: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-S", *program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert "GEMINI_API_KEY" in done.stdout
    assert done.stderr == ""


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    for package in ("shared", "shared/tools", "shared/tools/base"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    executable(tmp_path / ".venv" / "bin" / "python", f'exec {sys.executable} "$@"')
    return tmp_path


def test_a_tool_that_does_not_load_is_told_in_one_line(
    clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mistake = "tool 'x': actions['do'].arguments: Do.at: Gemini cannot express a tuple"
    registry = clone / "shared" / "tools" / "base" / "registry.py"
    registry.write_text(
        f'class ToolRegistry:\n    def __init__(self):\n        raise ValueError("{mistake}")\n'
    )
    assert doctor.tools()[0] == doctor.OPTIONAL
    (clone / ".venv" / ".installed").touch()

    assert doctor.tools() == (doctor.WRONG, "tools", f"ValueError: {mistake}")
    assert doctor.main() == 1
    assert "tools (wrong)" in capsys.readouterr().out.splitlines()[-1]


def test_a_tool_that_takes_too_long_to_load_is_told(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was a traceback, of the very command that says what is wrong."""
    (clone / ".venv" / ".installed").touch()
    executable(clone / ".venv" / "bin" / "python", "exec sleep 60")
    monkeypatch.setattr(doctor, "LOADING_SECONDS", 0)
    assert doctor.tools() == (doctor.WRONG, "tools", "they take more than 0 s to load")


@pytest.mark.parametrize(
    ("version", "state"), [("v20.20.2", doctor.OK), ("v18.1.0", doctor.WRONG), ("?", doctor.WRONG)]
)
def test_an_old_node_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, state: str
) -> None:
    executable(tmp_path / "node", f"echo '{version}'")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    assert doctor.node()[0] == state


def test_no_node_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    expected = "only for the dashboard and make check: Node 20 or newer"
    assert doctor.node() == (doctor.OPTIONAL, "node", expected)


@pytest.mark.parametrize(
    ("target", "line"),
    [
        ("check", "node is not here, and pyright runs on it: get Node.js 20 or newer"),
        ("client", "npm is not here; it comes with Node.js 20 or newer"),
    ],
)
def test_make_tells_what_is_not_here_before_it_is_used(tmp_path: Path, target: str, line: str) -> None:
    """Without Node, pyright fetched one into the person's home, or ended in a traceback."""
    make = shutil.which("make")
    if make is None:
        pytest.skip("make is not here")
    executable(tmp_path / "python", 'echo "$@"')
    outdated = "--what-if=dashboard/package.json"  # what npm installs from
    done = subprocess.run(
        [make, "--silent", "--old-file=setup", outdated, target, "RUN=python"],
        cwd=ROOT,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout.splitlines()[-1] == line
    assert "pyright" not in done.stdout.replace(line, "")
