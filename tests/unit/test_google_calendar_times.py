"""Free time and local time, on days when the clocks change as well."""

# ruff: noqa: DTZ001 - times without a zone are the subject

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.models.agent import OpeningHours
from shared.tools.scheduling.free_time import Span, merged, open_spans, slots, without
from shared.tools.scheduling.local_time import bound, exact, parse_time, spoken_days, spoken_span
from tests.tools import caller_hears

pytestmark = pytest.mark.unit

examples = settings(max_examples=60)
BERLIN = ZoneInfo("Europe/Berlin")
# Forward and back on other dates, half hours, a half-hour change, both sides of the date line, none at all.
ZONES = st.sampled_from(
    [
        ZoneInfo(name)
        for name in (
            "Europe/Berlin",
            "America/Los_Angeles",
            "Asia/Kolkata",
            "Asia/Kathmandu",
            "Australia/Lord_Howe",
            "Pacific/Auckland",
            "Pacific/Pago_Pago",
            "America/St_Johns",
            "UTC",
        )
    ]
)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))


@st.composite
def spans(draw: st.DrawFn, longest: timedelta = timedelta(days=3)) -> Span:
    start = draw(MOMENTS)
    return Span(start, start + draw(st.timedeltas(timedelta(), longest)))


@st.composite
def opening_hours(draw: st.DrawFn) -> OpeningHours:
    opens, closes = sorted(draw(st.lists(st.integers(0, 96), min_size=2, max_size=2, unique=True)))
    clocks = [f"{quarter // 4:02}:{quarter % 4 * 15:02}" for quarter in (opens, closes)]
    return OpeningHours(weekday=draw(st.integers(0, 6)), opens=clocks[0], closes=clocks[1])


@examples
@given(st.lists(spans(), max_size=8), st.lists(spans(), max_size=8), MOMENTS)
def test_a_moment_is_free_when_it_was_and_nothing_took_it(
    given_free: list[Span], taken: list[Span], moment: datetime
) -> None:
    def holds(found: list[Span], at: datetime) -> bool:
        return any(span.start <= at < span.end for span in found)

    left = without(given_free, taken)

    for at in (moment, *(edge for span in (*given_free, *taken) for edge in (span.start, span.end))):
        assert holds(left, at) == (holds(given_free, at) and not holds(taken, at))
    assert left == merged(left)


@examples
@given(
    ZONES,
    spans(timedelta(days=9)),
    st.lists(opening_hours(), max_size=6),
    st.lists(spans(timedelta(hours=5)), max_size=6),
    st.integers(5, 180),
)
def test_offered_times_are_open_free_whole_apart_and_on_the_quarter(
    zone: ZoneInfo, within: Span, hours: list[OpeningHours], busy: list[Span], minutes: int
) -> None:
    duration = timedelta(minutes=minutes)

    offered = list(slots(without(open_spans(hours, zone, within), busy), duration, zone))

    for slot in offered:
        local = slot.start.astimezone(zone)
        assert slot.end - slot.start == duration
        assert within.contains(slot)
        assert not any(slot.overlaps(event) for event in busy)
        assert (local.minute % 15, local.second, local.microsecond) == (0, 0, 0)
        minute = slot.start
        while minute < slot.end:  # open all the while, also where two spans of opening hours touch
            clock = minute.astimezone(zone)
            assert any(opening.contains(clock.weekday(), clock.time()) for opening in hours)
            minute += timedelta(minutes=5)
    assert all(one.end <= other.start for one, other in pairwise(offered))


@examples
@given(ZONES, spans(timedelta(days=2)), st.integers(5, 180))
def test_no_time_that_would_fit_is_passed_over(zone: ZoneInfo, free: Span, minutes: int) -> None:
    duration = timedelta(minutes=minutes)
    offered = list(slots([free], duration, zone))

    # What lies before, between and after the offered times is too short for one more.
    rest = without([free], offered)
    assert all(span.end - span.start < duration + timedelta(minutes=15) for span in rest)


@examples
@given(ZONES, MOMENTS)
def test_a_local_time_leads_back_to_its_moment_or_is_asked_about(zone: ZoneInfo, moment: datetime) -> None:
    local = moment.astimezone(zone).replace(tzinfo=None, fold=0)
    readings = {local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}

    if len(readings) == 1:
        assert exact(local, zone) == moment
    else:
        with caller_hears("clocks go back", "comes twice"):
            exact(local, zone)
    assert bound(local, zone) <= moment <= bound(local, zone, is_end=True)
    assert exact(moment.astimezone(zone), zone) == moment


def test_an_hour_that_is_missing_is_explained() -> None:
    with caller_hears("On Sunday 28 March 2027 the clocks go forward and 02:30 does not exist. 03:30 does."):
        exact(datetime(2027, 3, 28, 2, 30), BERLIN)


def test_an_hour_that_comes_twice_is_asked_about_and_an_offset_answers() -> None:
    with caller_hears("Sunday 25 October 2026", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"):
        exact(datetime(2026, 10, 25, 2, 30), BERLIN)

    assert exact(parse_time("2026-10-25T02:30:00+01:00"), BERLIN) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"], ids=["missing", "twice"])
def test_a_search_that_begins_or_ends_in_an_hour_of_doubt_takes_the_wider_range(day: str) -> None:
    doubtful = datetime.fromisoformat(f"{day}T02:30:00")
    limits = bound(doubtful, BERLIN), bound(doubtful, BERLIN, is_end=True)
    assert limits == tuple(datetime.fromisoformat(f"{day}T{clock}:30:00Z") for clock in ("00", "01"))


def test_a_day_on_which_the_clocks_go_back_has_an_hour_more_to_offer() -> None:
    night = [OpeningHours(weekday=6, opens="00:00", closes="06:00")]
    lengths: list[timedelta] = []
    for day in (datetime(2026, 10, 18), datetime(2026, 10, 25), datetime(2027, 3, 28)):
        start = day.replace(tzinfo=BERLIN).astimezone(UTC)
        [span] = open_spans(night, BERLIN, Span(start, start + timedelta(hours=20)))
        lengths.append(span.end - span.start)

    assert lengths == [timedelta(hours=6), timedelta(hours=7), timedelta(hours=5)]


def test_hours_that_touch_at_midnight_are_one() -> None:
    hours = [
        OpeningHours(weekday=0, opens="22:00", closes="24:00"),
        OpeningHours(weekday=1, opens="00:00", closes="02:00"),
    ]
    start = datetime(2026, 11, 23, 12, tzinfo=UTC)

    [span] = open_spans(hours, BERLIN, Span(start, start + timedelta(days=1)))

    assert span.end - span.start == timedelta(hours=4)


def test_times_are_spoken_with_their_day() -> None:
    start = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)

    assert (
        spoken_span(start, start + timedelta(minutes=30), BERLIN)
        == "Tuesday 24 November 2026, 14:00 to 14:30"
    )
    assert spoken_span(start, start + timedelta(hours=12), BERLIN) == (
        "Tuesday 24 November 2026, 14:00 to Wednesday 25 November 2026, 02:00"
    )
    assert spoken_days(start.date(), start.date() + timedelta(days=1)) == "Tuesday 24 November 2026, all day"
