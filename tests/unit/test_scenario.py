"""Scenarios: mistakes are named in one line, dates are filled in, every shipped line has its recording."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from local import scenario as scenario_module
from local.scenario import CallTool, Say, Scenario, fill_dates
from local.speech import recordings
from local.speech.__main__ import wanted
from shared.input_files import InputError, load_yaml

pytestmark = pytest.mark.unit

SHIPPED = sorted((Path(scenario_module.__file__).parent / "scenarios").glob("*.yaml"))
VALID = """
name: A call
dials: "+14155550100"
greeting: [{ say: Hello. }]
turns:
  - caller: Goodbye.
    agent: [{ say: Goodbye. }, { call: end_call }]
"""


def load(tmp_path: Path, text: str) -> Scenario:
    path = tmp_path / "call.yaml"
    path.write_text(text, encoding="utf-8")
    return load_yaml(path, Scenario)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (VALID.replace("+14155550100", "0100"), "dials: must be a phone number"),
        (VALID.replace("name: A call", ""), "name: expected, but not there"),
        (
            VALID.replace("say: Hello.", "sai: Hello."),
            "greeting.0: expected a step with say, call or misbehave",
        ),
        (
            VALID.replace("say: Hello.", "say: ''"),
            "greeting.0.say.say: expected words to speak, found ''",
        ),
        (
            VALID.replace("call: end_call", "call: end_call, argument: 1"),
            "turns.0.agent.1.call.argument: unknown field",
        ),
        (VALID.replace("call: end_call", "misbehave: explode"), "turns.0.agent.1.misbehave.misbehave: Input"),
        (
            VALID.replace("caller: Goodbye.", "wait_seconds: 0"),
            "turns.0: expected one of caller",
        ),
        (
            VALID.replace("caller: Goodbye.", "caller: A\n    press: '1'"),
            "turns.0: expected caller or",
        ),
        (VALID.replace("caller: Goodbye.", "press: one"), "turns.0.press: must be keys of a telephone"),
        (VALID + "hangs_up: nobody", "hangs_up: Input should be 'caller' or 'agent'"),
        (VALID + "expect: { outcome: great }", "expect.outcome: Input should be"),
        ("name: [", "is not YAML"),
        ("- a list", "the file: expected fields, each with a value"),
    ],
)
def test_a_mistake_is_one_line_with_file_field_and_what_was_expected(tmp_path, text, problem):
    with pytest.raises(InputError) as error:
        load(tmp_path, text)
    message = str(error.value)
    assert message.startswith(f"{tmp_path / 'call.yaml'}: {problem}")
    assert "\n" not in message


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nothing\.yaml: cannot be read"):
        load_yaml(tmp_path / "nothing.yaml", Scenario)


def test_a_step_is_told_by_its_key_and_survives_being_sent_as_json(tmp_path):
    loaded = load(tmp_path, VALID)
    assert Scenario.model_validate_json(loaded.model_dump_json()) == loaded
    say, call = loaded.turns[0].agent
    assert isinstance(say, Say)
    assert isinstance(call, CallTool)


def test_who_says_what():
    loaded = load_yaml(SHIPPED[0].parent / "caller-hangs-up.yaml", Scenario)
    assert loaded.spoken_lines() == {
        ("agent", "Hello, this is Harbor Dental. You are speaking with an AI assistant. How can I help you?"),
        ("caller", "When are you open, and where are you?"),
        ("agent", "We are open from Monday to Friday, next to the ferry terminal."),
    }


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_scenario_is_valid_and_all_its_lines_are_recorded(path):
    missing = [line for voice, line in wanted([path]) if recordings.load(line, voice) is None]
    assert not missing, f"to record them: python -m local.speech render {path}"


@pytest.mark.parametrize(
    ("placeholder", "date"),
    [("{today}", "2026-03-07"), ("{tomorrow}", "2026-03-08"), ("{in_10_days}", "2026-03-17"), ("{x}", "{x}")],
)
def test_dates_are_those_of_the_agents_time_zone(placeholder, date):
    # In UTC it is the 8th already, and in between lies the night in which summer time begins.
    now = datetime(2026, 3, 7, 23, 30, tzinfo=ZoneInfo("America/Los_Angeles"))
    assert fill_dates({"a": [f"{placeholder}T10:00", 1]}, now) == {"a": [f"{date}T10:00", 1]}
