"""What a caller gets to hear of a calendar: its events, and the times that are free."""

from typing import Any

import pytest
from pydantic import ValidationError

from shared.models.agent import OpeningHours
from shared.tools.scheduling.calendar_arguments import GoogleCalendarConfig, ListEvents
from tests.tools import caller_hears
from tests.unit.calendar_runs import BOOKING, WORKDAYS, event, run
from tests.unit.fake_calendar import FakeCalendar

pytestmark = pytest.mark.unit

AFTERNOON = [{"weekday": 1, "opens": "14:00", "closes": "17:00"}]


async def test_events_are_told_in_local_time_with_the_weekday() -> None:
    calendar = FakeCalendar(event("team", "2026-11-24T09:30:00", "2026-11-24T10:00:00", location="Room 2"))

    result = await run(calendar, "list_events", start="2026-11-24T00:00:00", end="2026-11-24T23:59:59")

    assert result == {
        "events": [
            {
                "event_id": "team",
                "summary": "team",
                "when": "Tuesday 24 November 2026, 09:30 to 10:00",
                "location": "Room 2",
            }
        ],
        "message": "1 events",
    }


async def test_a_naive_range_is_meant_in_the_agents_zone_and_a_date_alone_is_the_whole_day() -> None:
    calendar = FakeCalendar()

    result = await run(calendar, "list_events", start="2026-11-24", end="2026-11-24", query="dentist")

    [(calendar_id, start, end, query)] = calendar.asked("list")
    assert (start.isoformat(), end.isoformat()) == ("2026-11-23T23:00:00+00:00", "2026-11-24T23:00:00+00:00")
    assert (calendar_id, query) == ("primary", "dentist")
    assert result["message"] == "There is nothing in the calendar at that time."


async def test_offsets_in_a_range_are_honoured() -> None:
    calendar = FakeCalendar()

    await run(calendar, "list_events", start="2026-11-24T00:00:00-08:00", end="2026-11-24T12:00:00Z")

    [(_, start, end, _)] = calendar.asked("list")
    assert (start.isoformat(), end.isoformat()) == ("2026-11-24T08:00:00+00:00", "2026-11-24T12:00:00+00:00")


async def test_declined_and_cancelled_events_are_not_told_and_private_ones_keep_their_title() -> None:
    declined = [{"email": "me@x.example", "self": True, "responseStatus": "declined"}]
    calendar = FakeCalendar(
        event("no", "2026-11-24T09:00:00", "2026-11-24T10:00:00", attendees=declined),
        event("secret", "2026-11-24T11:00:00", "2026-11-24T12:00:00", visibility="private", location="Hotel"),
        event("holiday", "2026-11-24", "2026-11-26"),
        event("gone", "2026-11-24T13:00:00", "2026-11-24T14:00:00", status="cancelled"),
    )

    result = await run(calendar, "list_events", start="2026-11-24", end="2026-11-24")

    assert [(e["summary"], e["when"]) for e in result["events"]] == [
        ("holiday", "Tuesday 24 November 2026 to Wednesday 25 November 2026, all day"),
        ("private appointment", "Tuesday 24 November 2026, 11:00 to 12:00"),
    ]
    assert "Hotel" not in str(result)


async def test_what_stands_in_a_private_event_cannot_be_found_out_by_searching_for_it() -> None:
    """The search looks into its title and description, too."""
    calendar = FakeCalendar(
        event("secret", "2026-11-24T11:00:00", "2026-11-24T12:00:00", visibility="private"),
        event("open", "2026-11-24T13:00:00", "2026-11-24T14:00:00"),
    )

    result = await run(calendar, "list_events", start="2026-11-24", end="2026-11-24", query="oncologist")

    assert [told["summary"] for told in result["events"]] == ["open"]


async def test_a_full_calendar_is_told_in_part_and_says_so() -> None:
    calendar = FakeCalendar(
        *(event(f"e{n}", f"2026-11-24T{n:02}:00:00", f"2026-11-24T{n:02}:30:00") for n in range(20))
    )

    result = await run(calendar, "list_events", start="2026-11-24", end="2026-11-24")

    assert len(result["events"]) == 15
    assert "20 events, of which the first 15" in result["message"]


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_days_that_no_clock_reaches_are_explained(year: str) -> None:
    with pytest.raises(ValidationError) as raised:
        ListEvents.model_validate({"start": f"{year}-01-01", "end": f"{year}-12-31"})

    assert {error["loc"] for error in raised.value.errors()} == {("start",), ("end",)}
    assert "between the years" in raised.value.errors()[0]["msg"]


@pytest.mark.parametrize(
    ("end", "says"),
    [("2026-11-24T09:00:00", "end has to be later"), ("2027-02-01", "ask for 62 days at most")],
)
async def test_a_range_that_ends_before_it_starts_or_never_is_explained(end: str, says: str) -> None:
    calendar = FakeCalendar()
    with caller_hears(says):
        await run(calendar, "list_events", start="2026-11-24T10:00:00", end=end)
    assert calendar.requests == []


async def free(calendar: FakeCalendar, day: str = "2026-11-24", **more: Any) -> list[str]:
    config = {"working_hours": WORKDAYS, **more.pop("config", {})}
    result = await run(calendar, "find_free_slots", start=day, end=day, config=config, **more)
    return [slot["when"].split(", ")[1] for slot in result["slots"]]


async def test_free_slots_keep_working_hours_and_events_clear() -> None:
    calendar = FakeCalendar(
        event("a", "2026-11-24T09:00:00", "2026-11-24T12:10:00"),
        event("b", "2026-11-24T13:30:00", "2026-11-24T16:00:00"),
    )

    assert await free(calendar, duration_minutes=60) == ["12:15 to 13:15", "16:00 to 17:00"]


def test_working_hours_that_would_never_be_open_are_refused() -> None:
    """A night shift of one span was taken, and nobody could book in it."""
    night = {"weekday": 0, "opens": "22:00", "closes": "06:00"}
    with pytest.raises(ValidationError, match="closes before it opens; use a span on each day"):
        GoogleCalendarConfig.model_validate({"working_hours": [night]})


async def test_a_night_of_two_spans_can_be_booked_across_midnight() -> None:
    night = [
        {"weekday": 1, "opens": "22:00", "closes": "24:00"},
        {"weekday": 2, "opens": "00:00", "closes": "02:00"},
    ]
    hours = await run(
        FakeCalendar(),
        "find_free_slots",
        start="2026-11-24",
        end="2026-11-25",
        duration_minutes=180,
        config={"working_hours": night},
    )
    assert [slot["start"] for slot in hours["slots"]] == ["2026-11-24T22:00:00+01:00"]


async def test_buffers_keep_a_distance_to_both_sides() -> None:
    calendar = FakeCalendar(event("a", "2026-11-24T09:00:00", "2026-11-24T15:00:00"))

    assert await free(calendar, config={"buffer_minutes": 20}) == [
        "15:30 to 16:00",
        "16:00 to 16:30",
        "16:30 to 17:00",
    ]


async def test_what_ends_just_before_the_time_that_is_asked_for_keeps_its_distance_too() -> None:
    calendar = FakeCalendar(event("a", "2026-11-24T14:00:00", "2026-11-24T15:00:00"))
    asked = {"start": "2026-11-24T15:00:00", "end": "2026-11-24T16:00:00"}

    result = await run(calendar, "find_free_slots", **asked, config={"buffer_minutes": 15})

    assert [slot["start"] for slot in result["slots"]] == ["2026-11-24T15:15:00+01:00"]


async def test_without_working_hours_of_its_own_a_calendar_has_the_agents() -> None:
    hours = [OpeningHours(weekday=1, opens="15:00", closes="16:00")]
    day = {"start": "2026-11-24", "end": "2026-11-24"}

    result = await run(FakeCalendar(), "find_free_slots", **day, hours=hours)

    assert [slot["start"] for slot in result["slots"]] == [
        "2026-11-24T15:00:00+01:00",
        "2026-11-24T15:30:00+01:00",
    ]


@pytest.mark.parametrize(
    "harmless",
    [
        {"transparency": "transparent"},
        {"status": "cancelled"},
        {"attendees": [{"self": True, "responseStatus": "declined"}]},
        {"eventType": "workingLocation"},
    ],
    ids=lambda case: next(iter(case)),
)
async def test_events_that_take_no_time_do_not_block(harmless: dict[str, Any]) -> None:
    calendar = FakeCalendar(event("a", "2026-11-24", "2026-11-25", **harmless))

    assert (await free(calendar))[0] == "09:00 to 09:30"


async def test_an_event_without_length_does_not_keep_what_is_offered_from_being_booked() -> None:
    """It was offered and then refused, with the same time offered again."""
    calendar = FakeCalendar(event("reminder", "2026-11-24T14:15:00", "2026-11-24T14:15:00"))

    assert "14:00 to 14:30" in await free(calendar, config={"working_hours": AFTERNOON})
    await run(calendar, "create_event", **BOOKING, duration_minutes=30)

    assert calendar.asked("insert")


async def test_an_event_that_others_declined_still_blocks() -> None:
    guest = [{"email": "else@x.example", "responseStatus": "declined"}]
    calendar = FakeCalendar(event("a", "2026-11-24T09:00:00", "2026-11-24T16:30:00", attendees=guest))

    assert await free(calendar) == ["16:30 to 17:00"]


async def test_an_all_day_event_blocks_the_day_where_the_calendar_is() -> None:
    assert await free(FakeCalendar(event("a", "2026-11-24", "2026-11-25"))) == []
    # In Auckland the 24th ends at noon in Berlin.
    assert (await free(FakeCalendar(event("a", "2026-11-24", "2026-11-25"), zone="Pacific/Auckland")))[0] == (
        "12:00 to 12:30"
    )


async def test_today_only_what_is_still_to_come_is_offered_with_the_notice_that_is_set_up() -> None:
    assert (await free(FakeCalendar(), "2026-11-23"))[0] == "10:00 to 10:30"
    assert (await free(FakeCalendar(), "2026-11-23", config={"min_notice_minutes": 100}))[
        0
    ] == "11:45 to 12:15"


async def test_nothing_is_offered_that_is_too_far_ahead_to_be_booked() -> None:
    """Now it is ten o'clock of the day before."""
    only_until_ten = {"max_days_ahead": 1}
    assert await free(FakeCalendar(), duration_minutes=45, config=only_until_ten) == ["09:00 to 09:45"]


@pytest.mark.parametrize(("minutes", "more"), [(75, False), (60, True)])
async def test_that_there_are_more_times_than_are_told_is_said(minutes: int, more: bool) -> None:
    """A day of eight hours has six times of 75 minutes, and eight of an hour."""
    day = {"start": "2026-11-24", "end": "2026-11-24", "duration_minutes": minutes}
    config = {"working_hours": WORKDAYS}
    result = await run(FakeCalendar(), "find_free_slots", config=config, **day)
    assert len(result["slots"]) == 6
    assert result["message"].endswith(" There are more after these.") == more


async def test_no_free_time_is_said_in_words() -> None:
    result = await run(
        FakeCalendar(),
        "find_free_slots",
        start="2026-11-28",
        end="2026-11-29",
        config={"working_hours": WORKDAYS},
    )

    assert result["slots"] == []
    assert "Nothing is free" in result["message"]
