"""A mistake in what a person gives is one line: file, field, and what was expected; nothing starts."""

import errno
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import yaml

from local import __main__ as main_module
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

pytestmark = pytest.mark.unit

SCENARIO = {"name": "Short", "dials": "+14155550100", "turns": [{"caller": "Thank you, goodbye."}]}


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["python -m local", *map(str, arguments)])
    return main_module.main()


def only_line(capsys: pytest.CaptureFixture[str]) -> str:
    out, error = capsys.readouterr()
    assert out == ""
    assert error.count("\n") == 1
    return error.strip()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, r": cannot be read: .*No such file"),
        ("turns: [", r": is not YAML: "),
        (SCENARIO | {"dials": "12"}, r": dials: .*\(found '12'\)"),
        ("name: A\nname: B", r": is not YAML: line 2: name stands twice$"),
        ("name: 2026-13-45", r": is not YAML: month must be"),
        ("name: " + "[" * 5000, r": is not YAML: "),
        (b"\xff", r": is not text in UTF-8: invalid start byte at byte 0$"),
        ("", r": the file: expected fields, each with a value \(found None\)$"),
        (SCENARIO | {"dials": 14155550100}, r": dials: expected text, in quotes .*\(found 14155550100\)$"),
        (
            SCENARIO | {"turns": [{"calller": "Hi."}]},
            r": turns\.0\.calller: unknown field, expected one of caller, press, wait_seconds, interrupt_aft",
        ),
        (
            SCENARIO | {"greeting": [{"call": "end_call", "argument": {}}]},
            r": greeting\.0\.call\.argument: unknown field, expected one of call, arguments, expect$",
        ),
        (SCENARIO | {"greeting": ["hello"]}, r": greeting\.0: expected a step with say, call or misbehave"),
        (
            SCENARIO | {"greeting": [{"call": "end_call", "arguments": {"at": ["{tomorow}T10:00"]}}]},
            r": greeting\.0\.call\.arguments: expected {today}, {tomorrow} .*, found {tomorow}$",
        ),
        (
            SCENARIO | {"turns": [{"caller": "Thank you, goodbye.", "agent": [{"call": "end"}]}]},
            r": turns\.0\.agent\.0\.call: expected one of end_call, google_calendar_list_events, .*'end'$",
        ),
        (
            SCENARIO | {"greeting": [{"say": "Hello."}, {"call": "hangup"}]},
            r": greeting\.1\.call: expected one of end_call, .*'hangup'$",
        ),
        (
            SCENARIO | {"expect": {"tools": ["end"]}},
            r": expect\.tools\.0: expected one of end_call, .*'end'$",
        ),
        (
            SCENARIO | {"turns": [{"caller": "Zebras, please."}]},
            r': the caller line "Zebras, please." has no ',
        ),
        (SCENARIO | {"turns": [{}]}, r": turns\.0: expected one of caller, press or wait_seconds$"),
        (
            SCENARIO | {"greeting": [{"sing": "la"}]},
            r": greeting\.0: expected a step with say, call or misbeh",
        ),
        (SCENARIO | {"expect": {"outcome": "well"}}, r": expect\.outcome: Input should be 'caller_hung_up'"),
        (SCENARIO | {"turns": [{"caller": "…"}]}, r": turns\.0\.caller: expected words to speak, found '…'$"),
        (
            SCENARIO | {"turns": [{"wait_seconds": float("inf")}]},
            r": turns\.0\.wait_seconds: .* finite number",
        ),
        (
            SCENARIO | {"expect": {"calendar": [{"summary": "A", "start": "{in_99999999_days}"}]}},
            r": expect\.calendar\.0\.start: expected {today}, {tomorrow} .*, found {in_99999999_days}$",
        ),
        (SCENARIO | {"dials": "+14155559999"}, r": dials: expected a number of .*demo\.yaml: \+14155550100 "),
    ],
)
def test_a_scenario_with_a_mistake(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    content: dict[str, object] | str | bytes | None,
    complaint: str,
) -> None:
    monkeypatch.setitem(sys.modules, "piper", None)
    file = tmp_path / "scenario.yaml"
    if content is not None:
        if isinstance(content, dict):
            content = yaml.safe_dump(content)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    for command in ("demo", "call"):
        assert run(monkeypatch, command, "--scenario", file, "--out", tmp_path / "out") == 2
        assert re.match(re.escape(str(file)) + complaint, only_line(capsys))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("mistake", "place"),
    [
        (
            {"turns": [{"caller": "Thank you, goodbye.", "agent": [{"call": "send_email"}]}]},
            "turns.0.agent.0.call",
        ),
        ({"expect": {"tools": ["end_call", "send_email"]}}, "expect.tools.1"),
    ],
)
def test_a_scenario_with_a_tool_that_its_agent_does_not_have(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    mistake: dict[str, object],
    place: str,
) -> None:
    """Who has just written a tool forgets to give it to an agent, and heard of it when the call was over."""
    seed = yaml.safe_load(DEMO.read_text())
    del seed["tenants"]["harbor-dental"]["agents"]["front-desk"]["tools"]["send_email"]
    (seed_file := tmp_path / "seed.yaml").write_text(yaml.safe_dump(seed))
    (file := tmp_path / "scenario.yaml").write_text(yaml.safe_dump(SCENARIO | mistake))
    assert run(monkeypatch, "call", "--scenario", file, "--seed", seed_file) == 2
    assert only_line(capsys) == (
        f"{file}: {place}: expected send_email among the tools of front-desk in {seed_file} "
        "(found end_call, google_calendar)"
    )


@pytest.mark.parametrize("tool", [None, {}], ids=["without the tool", "not connected"])
def test_a_scenario_that_expects_something_in_a_calendar_which_its_agent_does_not_have(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    tool: dict[str, object] | None,
) -> None:
    """It was a traceback when the call was over."""
    seed = yaml.safe_load(DEMO.read_text())
    tools = seed["tenants"]["harbor-dental"]["agents"]["front-desk"]["tools"]
    del tools["google_calendar"]
    if tool is not None:
        tools["google_calendar"] = tool
    (seed_file := tmp_path / "seed.yaml").write_text(yaml.safe_dump(seed))
    expect = {"calendar": [{"summary": "Dentist", "start": "{tomorrow}T14:00"}]}
    (file := tmp_path / "scenario.yaml").write_text(yaml.safe_dump(SCENARIO | {"expect": expect}))
    assert run(monkeypatch, "call", "--scenario", file, "--seed", seed_file) == 2
    assert only_line(capsys) == (
        f"{file}: expect.calendar: expected front-desk in {seed_file} to have google_calendar, "
        "connected to an account"
    )


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (
            ("tenants", "harbor-dental", "name"),
            [],
            r"tenants\.harbor-dental\.name: expected text, in quotes",
        ),
        (("tenants", "harbor-dental", "numbers"), {"+14155550100": "desk"}, r".*expected one of front-desk"),
        (("agents", "time_zone"), "Mars/Olympus", r".*front-desk\.time_zone: "),
        (("agents", "tools"), {"telepathy": {}}, r".*tools\.telepathy: expected one of .*google_calendar"),
        (("agents", "tools"), {"send_email": {"config": {"region": 1}}}, r".*tools\.send_email\.config\."),
        (
            ("agents", "tools"),
            {"send_email": {"secrets": {"key": "x"}}},
            r".*tools\.send_email\.secrets\.key: unknown field, expected one of .*secret_access_key",
        ),
        (
            ("agents", "tools"),
            {"end_call": {"connect": "a@b.example"}},
            r".*tools\.end_call\.connect: expected n",
        ),
        (
            ("agents", "tools"),
            {"google_calendar": {"connect": "a@b.example"}},
            r"tenants\..*tools\.google_calendar\.connect: expected one of calendars: .*'a@b\.example'$",
        ),
        (
            ("agents", "fallback"),
            {"kind": "voicemail", "promt": "Hello."},
            r".*front-desk\.fallback\.voicemail\.promt: unknown field, expected one of .*prompt",
        ),
        (
            ("agents", "fallback"),
            {"knd": "say"},
            r".*front-desk\.fallback: expected a field that tells its kind",
        ),
        (
            ("agents", "fallback"),
            {"kind": "forward", "number": "+14155550100"},
            r".*agents\.front-desk\.fallback\.number: expected a number that no agent answers, found ",
        ),
        (
            ("tenants", "harbor-dental", "fallback_number"),
            "+14155550100",
            r".*: fallback_number: expected a number that no agent answers, found ",
        ),
        (
            ("agents", "hours"),
            [{"weekday": 0, "opens": "18:00", "closes": "09:00"}],
            r".*front-desk\.hours: weekday 0 closes before it opens",
        ),
        (("agents", "voice"), "Kora", r".*front-desk\.voice: is not one of .*Kore"),
        (("agents", "model"), "gemini-3.8-life", r".*front-desk\.model: is not one of gemini-3\.8-live"),
        (("agents", "language"), "english", r".*front-desk\.language: must be a language tag"),
        (("tenants", "a/b"), {"name": "B", "agents": {}}, r"tenants\.a/b: must be an id"),
        (
            ("tenants", "other"),
            {
                "name": "Other",
                "agents": {"a": {"name": "A", "instructions": "Speak."}},
                "numbers": {"+14155550100": "a"},
            },
            r"tenants\.other\.numbers\.\+14155550100: expected a number of its own, harbor-dental has",
        ),
        (
            ("tenants", "harbor-dental", "members"),
            {"owner": "owner"},
            r".*members\.owner: must be an e-mail address \(found 'owner'\)$",
        ),
        (
            ("calendars",),
            {"a@b.example": {"events": []}},
            r"calendars\.a@b\.example\.time_zone: expected, but not there$",
        ),
        (
            ("calendars", "frontdesk@harbor-dental.example", "time_zone"),
            "Mars",
            r".*time_zone: is not an IANA time zone",
        ),
        (
            ("calendars", "frontdesk@harbor-dental.example", "events"),
            [{"summary": "Lunch", "start": "{tomorow}T12:00:00", "end": "{tomorrow}T13:00:00"}],
            r".*events\.0\.start: expected a time in the calendar's zone, .* found '{tomorow}T12:00:00'$",
        ),
        (
            ("calendars", "frontdesk@harbor-dental.example", "events"),
            [{"summary": "Lunch", "start": "{in_99999999_days}T12:00:00", "end": "{tomorrow}T13:00:00"}],
            r".*events\.0\.start: expected a time in the calendar's zone, .* found '{in_99999999_days}T12",
        ),
        (
            ("calendars", "frontdesk@harbor-dental.example", "events"),
            [{"summary": "Lunch", "start": "{tomorrow}T12:00:00", "end": "{tomorrow}T11:00:00"}],
            r".*events\.0: end: expected a time after ",
        ),
    ],
)
def test_seed_data_with_a_mistake(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    path: tuple[str, ...],
    value: object,
    complaint: str,
) -> None:
    seed = yaml.safe_load(DEMO.read_text())
    place = seed
    if path[0] == "agents":
        place, path = seed["tenants"]["harbor-dental"]["agents"]["front-desk"], path[1:]
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    file = tmp_path / "seed.yaml"
    file.write_text(yaml.safe_dump(seed))
    assert run(monkeypatch, "up", "--seed", file, "--state", tmp_path / "state") == 2
    assert re.match(re.escape(f"{file}: ") + complaint, only_line(capsys))
    assert not (tmp_path / "state").exists()


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
