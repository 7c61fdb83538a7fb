"""A mistake in what a person gives is one line: file, field, and what was expected; nothing starts."""

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from local import __main__ as command_line
from local.cloud import Cloud, NotRunningError, Running, laptop_cloud
from local.commands import verdict
from local.environment import Ports
from local.report import CallReport
from local.seed import DEMO
from local.supervisor import PartError

pytestmark = pytest.mark.unit

SCENARIO = {"name": "Short", "dials": "+14155550100", "turns": [{"caller": "Thank you, goodbye."}]}


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["python -m local", *map(str, arguments)])
    return command_line.main()


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
        (SCENARIO | {"turns": [{"calller": "Hi."}]}, r": turns\.0\.calller: Extra inputs .*found 'Hi.'"),
        (SCENARIO | {"turns": [{}]}, r": turns\.0: expected one of caller, press or wait_seconds$"),
        (
            SCENARIO | {"greeting": [{"sing": "la"}]},
            r": greeting\.0: expected a step with say, call or misbeh",
        ),
        (SCENARIO | {"expect": {"outcome": "well"}}, r": expect\.outcome: Input should be 'caller_hung_up'"),
        (SCENARIO | {"dials": "+14155559999"}, r": dials: expected a number of .*demo\.yaml: \+14155550100 "),
    ],
)
def test_a_scenario_with_a_mistake(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    content: object,
    complaint: str,
) -> None:
    file = tmp_path / "scenario.yaml"
    if content is not None:
        file.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    for command in ("demo", "call"):
        assert run(monkeypatch, command, "--scenario", file, "--out", tmp_path / "out") == 2
        assert re.match(re.escape(str(file)) + complaint, only_line(capsys))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (
            ("tenants", "harbor-dental", "name"),
            [],
            r"tenants\.harbor-dental\.name: Input should be a valid str",
        ),
        (("tenants", "harbor-dental", "numbers"), {"+14155550100": "desk"}, r".*expected one of front-desk"),
        (("agents", "time_zone"), "Mars/Olympus", r".*front-desk\.time_zone: "),
        (("agents", "tools"), {"telepathy": {}}, r".*tools\.telepathy: expected one of .*google_calendar"),
        (("agents", "tools"), {"send_email": {"config": {"region": 1}}}, r".*tools\.send_email\.config\."),
        (
            ("calendars",),
            {"a@b.example": {"events": []}},
            r"calendars\.a@b\.example\.time_zone: Field required",
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
    monkeypatch.setenv("LIVEKIT_SERVER_BIN", str(tmp_path / "nothing"))
    assert run(monkeypatch, "demo", "--out", tmp_path / "out") == 2
    assert only_line(capsys) == f"LIVEKIT_SERVER_BIN={tmp_path}/nothing: expected a program"


@pytest.mark.parametrize("arguments", [["up", "--base-port", "70000"], ["call", "--calls", "0"], ["dance"]])
def test_an_argument_with_a_mistake(monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        run(monkeypatch, *arguments)
    assert exit_.value.code == 2


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


async def test_a_port_that_somebody_uses_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PartError, match=f"firestore: port {port} cannot be used: Address already in use"):
            async with laptop_cloud(tmp_path, base_port=port):
                pass


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
