"""Recurrence rules in the forms that calendar clients write them."""

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from local.google.api_error import ApiError
from local.google.event_times import Point, parse_point
from local.google.recurrence import Recurrence, instance_id, parse_instance_id

pytestmark = pytest.mark.unit

ZONE = "America/Los_Angeles"
HOUR = timedelta(hours=1)


def timed(moment: str) -> Point:
    return parse_point({"dateTime": moment, "timeZone": ZONE}, "UTC", "start")


def days(*lines: str, start: str = "2026-10-20T09:00:00") -> list[str]:
    """Day of each occurrence, at most ten."""
    occurrences = Recurrence(timed(start), list(lines)).between(None, None, HOUR)
    moments = [point.moment for point in islice(occurrences, 10)]
    return [f"{moment:%m-%d}" for moment in moments if moment]


@pytest.mark.parametrize(
    "until",
    ["20261103", "20261103T090000", "20261103T170000Z"],
    ids=["the day", "wall-clock time", "UTC"],
)
def test_a_series_includes_the_occurrence_at_its_until(until: str) -> None:
    assert days(f"RRULE:FREQ=WEEKLY;UNTIL={until}") == ["10-20", "10-27", "11-03"]


def test_an_occurrence_is_excluded_in_any_zone() -> None:
    rule = "RRULE:FREQ=WEEKLY;COUNT=4"
    assert days(rule, f"EXDATE;TZID={ZONE}:20261103T090000") == ["10-20", "10-27", "11-10"]
    assert days(rule, "EXDATE:20261103T170000Z") == ["10-20", "10-27", "11-10"]


def test_working_days_skip_the_weekend() -> None:
    rule = "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;COUNT=5"
    assert days(rule, start="2026-10-22T09:00:00") == ["10-22", "10-23", "10-26", "10-27", "10-28"]


def test_a_window_on_an_endless_series_ends() -> None:
    series = Recurrence(timed("2020-01-01T09:00:00"), ["RRULE:FREQ=DAILY"])
    window = series.between(
        datetime(2026, 11, 24, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC), margin=HOUR
    )
    # A day more on either side: the caller, who knows the calendar's zone, looks closely.
    assert len(list(window)) <= 4


@pytest.mark.parametrize("line", ["RRULE:FREQ=NEVER", "RRULE:", "nonsense"])
def test_a_rule_that_is_none_is_refused(line: str) -> None:
    with pytest.raises(ApiError, match="Invalid recurrence rule"):
        Recurrence(timed("2026-10-20T09:00:00"), [line])


def test_an_instances_id_names_its_original_start() -> None:
    start = timed("2026-11-03T09:00:00")
    assert instance_id("series", start) == "series_20261103T170000Z"
    assert parse_instance_id("series_20261103T170000Z") == ("series", start.moment)
    assert parse_instance_id("series_20269903") is None
    assert parse_instance_id("series") is None
