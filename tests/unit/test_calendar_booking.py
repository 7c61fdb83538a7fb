"""What is booked, and when: once, where nothing is, and by the rules that are set up."""

from typing import Any

import pytest
from pydantic import ValidationError

from shared.errors import ToolError
from shared.tools.scheduling.calendar_arguments import CreateEvent
from tests.tools import caller_hears
from tests.unit.calendar_runs import BOOKING, OURS, WORKDAYS, event, run
from tests.unit.fake_calendar import FakeCalendar

pytestmark = pytest.mark.unit


async def test_a_booking_is_written_with_its_zone_and_our_id() -> None:
    calendar = FakeCalendar()

    result = await run(
        calendar,
        "create_event",
        **BOOKING,
        end="2026-11-24T14:45:00",
        attendees=["sam@example.com"],
        location="Room 2",
    )

    [written] = calendar.asked("insert")
    assert written["id"] == OURS
    assert written["start"] == {"dateTime": "2026-11-24T14:00:00+01:00", "timeZone": "Europe/Berlin"}
    assert written["end"]["dateTime"] == "2026-11-24T14:45:00+01:00"
    assert written["attendees"] == [{"email": "sam@example.com"}]
    assert written["location"] == "Room 2"
    assert written["description"] == "Booked by phone from +14155550123."
    assert result["message"] == "The appointment is booked."
    assert result["event"]["when"] == "Tuesday 24 November 2026, 14:00 to 14:45"


async def test_the_usual_length_is_the_one_that_is_set_up() -> None:
    result = await run(FakeCalendar(), "create_event", **BOOKING, config={"default_duration_minutes": 20})

    assert result["event"]["when"].endswith("14:00 to 14:20")


async def test_a_taken_time_is_refused_with_the_next_free_ones() -> None:
    calendar = FakeCalendar(event("a", "2026-11-24T13:30:00", "2026-11-24T15:00:00"))

    with caller_hears(
        "Tuesday 24 November 2026, 14:00 to 14:30 is already taken",
        "Tuesday 24 November 2026, 15:00; Tuesday 24 November 2026, 15:30;",
    ):
        await run(calendar, "create_event", **BOOKING)

    assert calendar.asked("insert") == []


async def test_a_time_next_to_an_event_is_free_unless_a_buffer_is_set_up() -> None:
    neighbour = event("a", "2026-11-24T13:00:00", "2026-11-24T14:00:00")

    await run(FakeCalendar(neighbour), "create_event", **BOOKING)
    with caller_hears("already taken"):
        await run(FakeCalendar(neighbour), "create_event", **BOOKING, config={"buffer_minutes": 10})


async def test_double_booking_can_be_allowed() -> None:
    calendar = FakeCalendar(event("a", "2026-11-24T13:30:00", "2026-11-24T15:00:00"))

    await run(calendar, "create_event", **BOOKING, config={"allow_double_booking": True})

    assert OURS in calendar.events


@pytest.mark.parametrize("double_booking", [False, True])
async def test_a_repeated_booking_books_once_and_says_the_same(double_booking: bool) -> None:
    calendar = FakeCalendar()
    config = {"allow_double_booking": double_booking}

    first = await run(calendar, "create_event", **BOOKING, config=config)
    again = await run(calendar, "create_event", **BOOKING, config=config)

    assert again == first
    assert list(calendar.events) == [OURS]


async def test_a_booking_that_was_cancelled_meanwhile_is_not_made_again_by_a_late_repetition() -> None:
    calendar = FakeCalendar()
    await run(calendar, "create_event", **BOOKING)
    await run(calendar, "cancel_event", event_id=OURS)

    with caller_hears("has been cancelled since"):
        await run(calendar, "create_event", **BOOKING)


async def test_an_id_that_somebody_else_used_is_not_taken_for_ours() -> None:
    calendar = FakeCalendar(event(OURS, "2026-12-24T14:00:00", "2026-12-24T15:00:00"))

    with caller_hears("did not accept"):
        await run(calendar, "create_event", **BOOKING)


async def test_whoever_comes_second_to_a_time_gives_way() -> None:
    calendar = FakeCalendar()
    calendar.before_insert = event("rival", "2026-11-24T14:00:00", "2026-11-24T15:00:00")

    with caller_hears("already taken", "15:00"):
        await run(calendar, "create_event", **BOOKING)

    assert calendar.events[OURS]["status"] == "cancelled"
    assert calendar.events["rival"]["status"] == "confirmed"


async def test_whoever_came_first_stays_when_another_books_the_same_time_a_moment_later() -> None:
    calendar = FakeCalendar()
    late = event("rival", "2026-11-24T14:00:00", "2026-11-24T15:00:00", created="2026-12-01T00:00:00.000Z")
    calendar.before_insert = late

    await run(calendar, "create_event", **BOOKING)

    assert calendar.events[OURS]["status"] == "confirmed"


async def test_of_two_bookings_in_the_same_second_neither_is_taken_for_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing tells which one was, and both would stay."""
    calendar = FakeCalendar()
    moment = "2026-11-23T09:00:00.000Z"
    calendar.before_insert = event("rival", "2026-11-24T14:00:00", "2026-11-24T15:00:00", created=moment)
    add = calendar.add
    monkeypatch.setattr(calendar, "add", lambda added: add({**added, "created": moment}))

    with caller_hears("already taken"):
        await run(calendar, "create_event", **BOOKING)

    assert calendar.events[OURS]["status"] == "cancelled"


async def test_a_repeated_booking_gives_way_too_when_its_first_attempt_came_second() -> None:
    calendar = FakeCalendar(event("rival", "2026-11-24T14:00:00", "2026-11-24T15:00:00"))
    # The first attempt: its answer, and with it the look at rivals, got lost.
    calendar.add(
        event(
            OURS,
            "2026-11-24T14:00:00",
            "2026-11-24T14:30:00",
            extendedProperties={"private": {"trunkline_booking": "0" * 32}},
        )
    )

    with caller_hears("already taken"):
        await run(calendar, "create_event", **BOOKING)

    assert calendar.events[OURS]["status"] == "cancelled"


@pytest.mark.parametrize(
    ("changes", "config", "says"),
    [
        ({"start": "2026-11-23T09:00:00"}, {}, "is in the past; now it is Monday 23 November 2026, 10:00"),
        ({"start": "2026-11-23T10:30:00"}, {"min_notice_minutes": 60}, "earliest possible time is Monday 23"),
        ({"start": "2027-11-24T10:30:00"}, {"max_days_ahead": 30}, "limit is 30 days"),
        ({"start": "2026-11-24T18:00:00"}, {"working_hours": WORKDAYS}, "outside of the working hours"),
        ({"start": "2026-11-24T16:45:00"}, {"working_hours": WORKDAYS}, "outside of the working hours"),
        ({"end": "2026-11-24T13:00:00"}, {}, "end has to be later"),
        ({"end": "2026-11-26T13:00:00"}, {}, "longer than a day"),
    ],
)
async def test_times_that_the_rules_forbid_are_explained(
    changes: dict[str, str], config: dict[str, Any], says: str
) -> None:
    calendar = FakeCalendar()

    with caller_hears(says):
        await run(calendar, "create_event", **{**BOOKING, **changes}, config=config)

    assert calendar.requests == []


@pytest.mark.parametrize(
    ("start", "says"),
    [
        ("tomorrow at two", "'tomorrow at two' is not a date and time; write it like 2026-11-24T14:00:00"),
        ("2026-11-31T14:00:00", "is not a date and time"),
        ("2026-11-24", "has no time of day"),
        (5, "is not a date and time"),
        ("0001-01-01T00:00:00", "is not between the years 1970 and 2200"),
        ("9999-12-31T23:00:00", "is not between the years 1970 and 2200"),
        (None, "is not a date and time"),
    ],
)
def test_a_time_that_is_none_is_named_with_an_example(start: Any, says: str) -> None:
    with pytest.raises(ValidationError) as raised:
        CreateEvent.model_validate({"summary": "x", "start": start})

    [error] = raised.value.errors()
    assert error["loc"] == ("start",)
    assert says in error["msg"]


@pytest.mark.parametrize(
    "arguments",
    [
        {**BOOKING, "end": "2026-11-24T15:00:00", "duration_minutes": 30},
        {**BOOKING, "attendees": ["Sam <sam@example.com>"]},
        {**BOOKING, "summary": " "},
        {**BOOKING, "colour": "red"},
    ],
)
def test_arguments_that_cannot_be_meant_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CreateEvent.model_validate(arguments)


@pytest.mark.parametrize("double_booking", [False, True])
async def test_a_booking_that_the_model_asks_for_again_in_the_same_call_is_the_one_that_was_made(
    double_booking: bool,
) -> None:
    """Its first answer got lost, or the agent that got it did: the model asks under another id."""
    calendar = FakeCalendar()
    config = {"allow_double_booking": double_booking}

    first = await run(calendar, "create_event", **BOOKING, config=config)
    again = await run(calendar, "create_event", "1" * 32, **BOOKING, config=config)

    assert again == first
    assert list(calendar.events) == [OURS]


@pytest.mark.parametrize("other", [{"summary": "Optician"}, {"start": "2026-11-24T14:15:00"}])
async def test_another_booking_in_the_same_call_is_another_one(other: dict[str, str]) -> None:
    calendar = FakeCalendar()
    await run(calendar, "create_event", **BOOKING)

    with caller_hears("already taken"):
        await run(calendar, "create_event", "2" * 32, **{**BOOKING, **other})

    config = {"allow_double_booking": True}
    await run(calendar, "create_event", "3" * 32, **{**BOOKING, **other}, config=config)
    assert len(calendar.events) == 2


async def test_the_same_appointment_in_another_call_is_another_one() -> None:
    calendar = FakeCalendar()
    await run(calendar, "create_event", **BOOKING)
    calendar.events[OURS]["extendedProperties"]["private"]["trunkline_session"] = "another call"

    with caller_hears("already taken"):
        await run(calendar, "create_event", "1" * 32, **BOOKING)


async def test_a_taken_time_is_refused_also_when_no_other_can_be_looked_for() -> None:
    calendar = FakeCalendar(event("a", "2026-11-24T13:30:00", "2026-11-24T15:00:00"))
    calendar.falls_silent_after = 1

    with caller_hears("is already taken", "Look for free slots", error=ToolError):
        await run(calendar, "create_event", **BOOKING)
