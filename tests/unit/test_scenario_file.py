"""A mistake in a scenario is one line: file, field, and what was expected; nothing starts."""

import re
import sys
from pathlib import Path

import pytest
import yaml

from local.seed import DEMO
from tests.unit.laptop_command import only_line, run

pytestmark = pytest.mark.unit

SCENARIO = {"name": "Short", "dials": "+14155550100", "turns": [{"caller": "Thank you, goodbye."}]}


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
        ("name: A\n---\nname: B", r": is not YAML: line 2: expected a single document in the stream"),
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
        (
            SCENARIO | {"expect": {"calendar": [{"summary": "A", "start": "tomorrow"}]}},
            r": expect\.calendar\.0\.start: expected a day or a time, such as .*, found 'tomorrow'$",
        ),
        (
            SCENARIO | {"turns": [{"press": "one"}]},
            r": turns\.0\.press: must be keys of a telephone, such as .* \(found 'one'\)$",
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
