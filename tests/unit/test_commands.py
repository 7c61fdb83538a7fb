"""`python -m local`: a mistake of a person is one line that says what was expected; nothing starts."""

import errno
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from local import cloud as cloud_module
from local import command_line
from local.cloud import Cloud, NotRunningError, Running
from local.commands import verdict
from local.environment import Ports
from local.folders import made_folder
from local.next_steps import next_steps
from local.report import CallReport
from local.seed import DEMO, Seed
from shared.input_files import InputError, load_yaml
from tests.unit.laptop_command import only_line, run

pytestmark = pytest.mark.unit


def test_a_setting_with_a_mistake(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for no_program in (tmp_path / "nothing", tmp_path):
        monkeypatch.setenv("LIVEKIT_SERVER_BIN", str(no_program))
        assert run(monkeypatch, "demo", "--out", tmp_path / "out") == 2
        assert only_line(capsys) == f"LIVEKIT_SERVER_BIN={no_program}: expected a program"
    monkeypatch.setenv("LOG_LEVEL", "loud")
    assert run(monkeypatch, "demo", "--out", tmp_path / "out") == 2
    assert only_line(capsys).startswith("LaptopSettings: LOG_LEVEL: Input should be 'DEBUG', 'INFO', ")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["up", "--base-port", "70000"], "argument --base-port: expected 1024 to 65000, found 70000"),
        (["up", "--base-port", "x"], "argument --base-port: expected 1024 to 65000, found x"),
        (["call", "--calls", "0"], "argument --calls: expected 1 or more, found 0"),
        (["call", "--calls", "two"], "argument --calls: expected 1 or more, found two"),
        (["dance"], "invalid choice: 'dance'"),
    ],
)
def test_an_argument_with_a_mistake(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
) -> None:
    with pytest.raises(SystemExit) as exit_:
        run(monkeypatch, *arguments)
    assert exit_.value.code == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--state", "--out"])
def test_a_folder_that_cannot_be_made(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, option: str
) -> None:
    file = tmp_path / "file"
    file.touch()
    assert run(monkeypatch, "up" if option == "--state" else "demo", option, file, "--embedded-livekit") == 2
    error = capsys.readouterr().err.strip()
    assert error == f"{file}: expected a folder that can be written: File exists"


def test_a_terminal_that_cannot_show_every_character_gets_the_rest(tmp_path: Path) -> None:
    (file := tmp_path / "file").touch()
    root = Path(command_line.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-m", "local", "up", "--state", file, "--embedded-livekit"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "Starting the laptop cloud?\n")
    assert done.stderr.count("\n") == 1


def test_a_file_that_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """As after an earlier start by root."""
    lock = tmp_path / "lock"

    def refused(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(lock))

    monkeypatch.setattr(cloud_module, "_held", refused)
    assert run(monkeypatch, "up", "--state", tmp_path, "--embedded-livekit") == 2
    assert capsys.readouterr().err.strip() == f"{lock}: expected to be written: Permission denied"


@pytest.mark.parametrize(
    ("number", "reason"), [(errno.EROFS, "Read-only file system"), (errno.EACCES, "Permission denied")]
)
def test_a_folder_that_cannot_be_written_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int, reason: str
) -> None:
    """A folder that is mounted to be read was said to belong to somebody else."""

    def refused(**_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(tempfile, "TemporaryFile", refused)
    with pytest.raises(InputError, match=f": expected a folder that can be written: {reason}$"):
        made_folder(tmp_path)


def test_a_full_disk_is_told_with_the_folder(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")  # as write() tells it, which knows no name

    monkeypatch.setattr(cloud_module, "_held", full)
    for command, option in (("up", "--state"), ("demo", "--out")):
        assert run(monkeypatch, command, option, tmp_path, "--embedded-livekit") == 2
        expected = f"{tmp_path}: expected to be written: No space left on device"
        assert capsys.readouterr().err.strip() == expected


def test_ctrl_c_while_modules_are_loaded_is_no_failure_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(command_line, "run", interrupt)
    assert run(monkeypatch, "up") == 130


def test_commands_to_paste_name_the_folder_and_the_seed_and_bear_spaces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, seed = tmp_path / "my state", load_yaml(DEMO, Seed)
    monkeypatch.chdir(tmp_path)
    text = next_steps(Cloud(state, Ports.choose()), seed, ["--state", str(state)], ["--seed", "my.yaml"])

    words = [shlex.split(line) for line in text.splitlines() if "-m local call" in line]
    assert [each[-4:] for each in words] == [["--state", str(state), "--seed", "my.yaml"]] * 2
    assert all(Path(each[0]).exists() and Path(each[5]).exists() for each in words)
    assert "bin/trunkline doctor --deployment 'my state/deployment.json'" in text
    assert f"token owner@harbor-dental.example --state '{state}')" in text


def test_the_worker_tells_every_missing_setting_in_one_line(tmp_path: Path) -> None:
    root = Path(command_line.__file__).parents[1]
    worker = subprocess.run(
        [sys.executable, "-c", "from worker.worker import main; main()", "start"],
        env={"PYTHONPATH": str(root), "LIVEKIT_URL": "ws://localhost"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert worker.returncode == 2
    assert re.fullmatch(
        r"WorkerSettings: LIVEKIT_API_KEY: not set; .*PROJECT: not set; GEMINI_API_KEY: .*needed .*\n",
        worker.stderr,
    )


@pytest.mark.parametrize("left_behind", [False, True], ids=["never started", "killed"])
def test_a_call_needs_a_running_cloud(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, left_behind: bool
) -> None:
    if left_behind:
        ended = subprocess.Popen(["true"])
        ended.wait()
        running = Running(ports=Ports.choose(), pids={ended.pid: 1.0})
        (tmp_path / "running.json").write_text(running.model_dump_json())
    with pytest.raises(NotRunningError):
        Cloud.attach(tmp_path)
    assert run(
        monkeypatch, "call", "--scenario", command_line.SCENARIOS / "barge-in.yaml", "--state", tmp_path
    )
    assert only_line(capsys) == f"no laptop cloud runs on {tmp_path}; start one with: make up"


@pytest.mark.parametrize(
    ("failures", "load", "blames_the_machine"),
    [
        (["not answered"], [99.0, 20.0, 100.0, 96.0, 95.0, 97.0], True),
        (["not answered"], [99.0, 20.0, 94.0], False),
        ([], [100.0] * 9, False),
    ],
)
def test_calls_that_fail_on_a_machine_without_time_left_are_not_blamed_on_the_platform(
    failures: list[str], load: list[float], blames_the_machine: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    reports = [
        CallReport(scenario="s", caller="+1", called="+2", call_sid=None, failures=failed)
        for failed in ([], failures)
    ]
    assert verdict(reports, load) == (1 if failures else 0)
    hint = "The processors had no time left in 5 of 6 s: 2 calls at once may be too much for them."
    assert (hint in capsys.readouterr().out) == blames_the_machine
