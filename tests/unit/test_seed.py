"""Seed data: a mistake is one line with file, field and what was expected; copies for calls at once."""

import re
from pathlib import Path

import pytest
import yaml

from local.seed import DEMO, Seed
from tests.unit.laptop_command import only_line, run

pytestmark = pytest.mark.unit


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
            {"kind": "fly"},
            r".*\.fallback: 'kind' must be one of 'forward', 'voicemail', 'say'",
        ),
        (("agents", "fallback"), "voicemail", r".*\.fallback: expected fields, each with a value \(found 'v"),
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


@pytest.mark.parametrize("second", ["+14155551100", "+442079460000"])
def test_copies_for_calls_at_once_share_no_number(second: str) -> None:
    """Two numbers that were 1,000 apart: the first one's copy was the second, whose calls it took away."""
    seed = yaml.safe_load(DEMO.read_text())
    seed["tenants"]["harbor-dental"]["numbers"][second] = "front-desk"
    original = Seed.model_validate(seed)

    copies = [original.copy_for(number) for number in range(1, 51)]

    numbers = [
        number for one in [original, *copies] for tenant in one.tenants.values() for number in tenant.numbers
    ]
    assert len(set(numbers)) == len(numbers) == 2 * 51
    assert {copy.number_like(original, second) for copy in copies} < set(numbers)
    assert Seed.model_validate(copies[-1].model_dump()) == copies[-1]
