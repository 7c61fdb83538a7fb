"""What a caller gets to hear about a calendar, and what ends up in it."""

from typing import Any

import pytest
from pydantic import ValidationError

from shared.errors import DisconnectedError, ToolError, UnavailableError
from shared.gateways.google_calendar import CalendarRefusedError
from shared.tools.implementations.google_calendar import GoogleCalendarTool
from shared.tools.scheduling.calendar_arguments import CreateEvent, GoogleCalendarConfig, ListEvents
from tests.tools import FakeCredential, caller_hears, tool_context
from tests.unit.fake_calendar import FakeCalendar

pytestmark = pytest.mark.unit

OURS = "tk" + "0" * 32
WORKDAYS = [{"weekday": day, "opens": "09:00", "closes": "17:00"} for day in range(5)]


def event(event_id: str, start: str, end: str, **more: Any) -> dict[str, Any]:
    """Times are those of Berlin in winter; a date alone makes it last all day."""

    def at(value: str) -> dict[str, str]:
        return {"dateTime": f"{value}+01:00"} if "T" in value else {"date": value}

    return {"id": event_id, "summary": event_id, "start": at(start), "end": at(end), **more}


async def run(
    calendar: FakeCalendar, action: str, key: str = "0" * 32, /, **arguments: Any
) -> dict[str, Any]:
    config = GoogleCalendarConfig.model_validate(arguments.pop("config", {}))
    caller = arguments.pop("caller", "+14155550123")
    tool = GoogleCalendarTool(calendar)
    model = tool.metadata.actions[action].arguments
    context = tool_context(config=config, credential=FakeCredential(), caller=caller, idempotency_key=key)
    return await tool.execute(action, model.model_validate(arguments), context)


# Listing


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


async def test_declined_events_are_not_told_and_private_ones_keep_their_title() -> None:
    declined = [{"email": "me@x.example", "self": True, "responseStatus": "declined"}]
    calendar = FakeCalendar(
        event("no", "2026-11-24T09:00:00", "2026-11-24T10:00:00", attendees=declined),
        event("secret", "2026-11-24T11:00:00", "2026-11-24T12:00:00", visibility="private", location="Hotel"),
        event("holiday", "2026-11-24", "2026-11-26"),
    )

    result = await run(calendar, "list_events", start="2026-11-24", end="2026-11-24")

    assert [(e["summary"], e["when"]) for e in result["events"]] == [
        ("holiday", "Tuesday 24 November 2026 to Wednesday 25 November 2026, all day"),
        ("private appointment", "Tuesday 24 November 2026, 11:00 to 12:00"),
    ]
    assert "Hotel" not in str(result)


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


async def test_a_range_that_ends_before_it_starts_is_explained() -> None:
    with caller_hears("end has to be later"):
        await run(FakeCalendar(), "list_events", start="2026-11-24T10:00:00", end="2026-11-24T09:00:00")


# Free slots


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


async def test_buffers_keep_a_distance_to_both_sides() -> None:
    calendar = FakeCalendar(event("a", "2026-11-24T09:00:00", "2026-11-24T15:00:00"))

    assert await free(calendar, config={"buffer_minutes": 20}) == [
        "15:30 to 16:00",
        "16:00 to 16:30",
        "16:30 to 17:00",
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


# Booking

BOOKING = {"summary": "Dentist", "start": "2026-11-24T14:00:00"}


async def test_a_booking_is_written_with_its_zone_and_our_id() -> None:
    calendar = FakeCalendar()

    result = await run(
        calendar, "create_event", **BOOKING, end="2026-11-24T14:45:00", attendees=["sam@example.com"]
    )

    [written] = calendar.asked("insert")
    assert written["id"] == OURS
    assert written["start"] == {"dateTime": "2026-11-24T14:00:00+01:00", "timeZone": "Europe/Berlin"}
    assert written["end"]["dateTime"] == "2026-11-24T14:45:00+01:00"
    assert written["attendees"] == [{"email": "sam@example.com"}]
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


async def test_a_booking_that_the_model_asks_for_again_in_the_same_call_is_the_one_that_was_made() -> None:
    """Its first answer got lost, or the agent that got it did: the model asks under another id."""
    calendar = FakeCalendar()

    first = await run(calendar, "create_event", **BOOKING)
    again = await run(calendar, "create_event", "1" * 32, **BOOKING)

    assert again == first
    assert list(calendar.events) == [OURS]
    with caller_hears("already taken"):
        await run(calendar, "create_event", "2" * 32, summary="Optician", start=BOOKING["start"])


async def test_the_same_appointment_in_another_call_is_another_one() -> None:
    calendar = FakeCalendar()
    await run(calendar, "create_event", **BOOKING)
    calendar.events[OURS]["extendedProperties"]["private"]["trunkline_session"] = "another call"

    with caller_hears("already taken"):
        await run(calendar, "create_event", "1" * 32, **BOOKING)


@pytest.mark.parametrize(
    ("action", "arguments", "answers"),
    [
        ("create_event", BOOKING, 1),  # the look at what is there; not the booking
        ("create_event", BOOKING, 2),  # the booking; not the look at who came first
        ("update_event", {"event_id": "a", "summary": "New"}, 1),
        ("update_event", {"event_id": "a", "start": "2026-11-24T14:00:00"}, 3),
        ("update_event", {"event_id": "s_1", "summary": "New", "scope": "all"}, 2),
        ("cancel_event", {"event_id": "a"}, 1),
    ],
)
async def test_when_the_calendar_falls_silent_it_is_not_said_that_nothing_was_done(
    action: str, arguments: dict[str, Any], answers: int
) -> None:
    calendar = series()
    calendar.add(event("a", "2026-11-24T09:00:00", "2026-11-24T10:00:00"))
    calendar.falls_silent_after = answers

    with caller_hears("cannot say whether that was done", error=UnavailableError):
        await run(calendar, action, **arguments)


async def test_when_the_calendar_falls_silent_before_anything_was_done_it_can_be_tried_again() -> None:
    calendar = FakeCalendar()
    calendar.falls_silent_after = 0

    with caller_hears("does not answer", error=UnavailableError):
        await run(calendar, "create_event", **BOOKING)


async def test_a_taken_time_is_refused_also_when_no_other_can_be_looked_for() -> None:
    calendar = FakeCalendar(event("a", "2026-11-24T13:30:00", "2026-11-24T15:00:00"))
    calendar.falls_silent_after = 1

    with caller_hears("is already taken", "Look for free slots", error=ToolError):
        await run(calendar, "create_event", **BOOKING)


# Changing


async def test_an_event_that_stays_when_it_is_may_be_outside_of_the_rules() -> None:
    calendar = FakeCalendar(event("a", "2026-11-22T20:00:00", "2026-11-22T21:00:00"))
    config = {"working_hours": WORKDAYS}
    same = {"event_id": "a", "start": "2026-11-22T20:00:00", "end": "2026-11-22T21:00:00"}

    await run(calendar, "update_event", **same, summary="New", config=config)

    assert calendar.events["a"]["summary"] == "New"


async def test_moving_an_event_keeps_its_length_and_does_not_collide_with_itself() -> None:
    calendar = FakeCalendar(event("a", "2026-11-24T13:30:00", "2026-11-24T15:00:00"))

    result = await run(calendar, "update_event", event_id="a", start="2026-11-24T14:00:00")

    assert result["event"]["when"] == "Tuesday 24 November 2026, 14:00 to 15:30"
    assert calendar.events["a"]["start"]["dateTime"] == "2026-11-24T14:00:00+01:00"


async def test_moving_onto_another_event_is_refused() -> None:
    calendar = FakeCalendar(
        event("a", "2026-11-24T09:00:00", "2026-11-24T10:00:00"),
        event("b", "2026-11-24T13:30:00", "2026-11-24T15:00:00"),
    )

    with caller_hears("already taken"):
        await run(calendar, "update_event", event_id="a", start="2026-11-24T14:00:00")


@pytest.mark.parametrize(
    ("start", "end"), [("2026-11-24T09:00:00", "2026-11-24T10:00:00"), ("2026-11-25", "2026-11-26")]
)
async def test_an_event_goes_back_when_somebody_books_its_new_time_at_the_last_moment(
    start: str, end: str
) -> None:
    calendar = FakeCalendar(moved := event("a", start, end))
    before = moved["start"], moved["end"]
    calendar.before_patch = event("rival", "2026-11-24T14:00:00", "2026-11-24T15:00:00")

    with caller_hears("already taken"):
        await run(calendar, "update_event", event_id="a", start="2026-11-24T14:00:00", duration_minutes=30)

    assert (calendar.events["a"]["start"], calendar.events["a"]["end"]) == before


async def test_changing_details_leaves_the_time_alone() -> None:
    calendar = FakeCalendar(event("a", "2026-11-20T09:00:00", "2026-11-20T10:00:00"))

    await run(calendar, "update_event", event_id="a", summary="New")

    assert calendar.asked("patch") == [("a", {"summary": "New"})]


async def test_an_all_day_event_can_be_given_a_time() -> None:
    calendar = FakeCalendar(event("a", "2026-11-24", "2026-11-25"))

    result = await run(calendar, "update_event", event_id="a", start="2026-11-24T14:00:00")

    assert result["event"]["when"] == "Tuesday 24 November 2026, 14:00 to 14:30"
    assert "date" not in calendar.events["a"]["start"]
    with caller_hears("Say at what time"):
        calendar = FakeCalendar(event("b", "2026-11-24", "2026-11-25"))
        await run(calendar, "update_event", event_id="b", duration_minutes=30)


def series() -> FakeCalendar:
    """Weekly since summer, Tuesdays at 9, with the occurrences of 24 November and 1 December."""
    master = {
        "id": "s",
        "summary": "Weekly",
        "recurrence": ["RRULE:FREQ=WEEKLY"],
        "start": {"dateTime": "2026-07-07T09:00:00+02:00", "timeZone": "Europe/Berlin"},
        "end": {"dateTime": "2026-07-07T10:00:00+02:00", "timeZone": "Europe/Berlin"},
    }
    return FakeCalendar(
        master,
        event("s_1", "2026-11-24T09:00:00", "2026-11-24T10:00:00", recurringEventId="s"),
        event("s_2", "2026-12-01T09:00:00", "2026-12-01T10:00:00", recurringEventId="s"),
    )


async def test_one_occurrence_of_a_series_changes_alone() -> None:
    calendar = series()

    result = await run(calendar, "update_event", event_id="s_1", start="2026-11-25T11:00:00")

    assert result["event"]["repeats"] is True
    [(changed, _)] = calendar.asked("patch")
    assert changed == "s_1"


async def test_a_whole_series_moves_on_the_clock_from_its_first_day_on() -> None:
    calendar = series()

    result = await run(
        calendar,
        "update_event",
        event_id="s_1",
        start="2026-11-24T11:00:00",
        duration_minutes=30,
        scope="all",
    )

    # Eleven o'clock in July as well, although the offset was another one then.
    assert calendar.asked("patch") == [
        (
            "s",
            {
                "start": {"dateTime": "2026-07-07T11:00:00", "timeZone": "Europe/Berlin"},
                "end": {"dateTime": "2026-07-07T11:30:00", "timeZone": "Europe/Berlin"},
            },
        )
    ]
    assert result["event"]["when"] == "Tuesday 24 November 2026, 11:00 to 11:30"


async def test_a_whole_series_does_not_move_onto_an_event_of_another_week() -> None:
    calendar = series()
    calendar.add(event("b", "2026-12-01T11:15:00", "2026-12-01T11:45:00"))
    move = {"event_id": "s_1", "start": "2026-11-24T11:00:00", "scope": "all"}

    with caller_hears("Tuesday 1 December 2026, 11:00 to 12:00 is already taken", "this one only"):
        await run(calendar, "update_event", **move)
    assert calendar.asked("patch") == []

    await run(calendar, "update_event", **move, config={"allow_double_booking": True})
    assert [changed for changed, _ in calendar.asked("patch")] == ["s"]


async def test_an_occurrence_that_was_moved_on_its_own_does_not_keep_its_series_from_moving() -> None:
    calendar = series()
    calendar.events["s_2"]["start"]["dateTime"] = "2026-12-02T09:00:00+01:00"
    calendar.events["s_2"]["end"]["dateTime"] = "2026-12-02T10:00:00+01:00"
    calendar.events["s_2"]["originalStartTime"] = {"dateTime": "2026-12-01T09:00:00+01:00"}
    calendar.add(event("b", "2026-12-02T11:15:00", "2026-12-02T11:45:00"))

    await run(calendar, "update_event", event_id="s_1", start="2026-11-24T11:00:00", scope="all")

    assert [changed for changed, _ in calendar.asked("patch")] == ["s"]


async def test_a_whole_series_cannot_move_to_other_days() -> None:
    with caller_hears("not its days"):
        await run(series(), "update_event", event_id="s_1", start="2026-11-25T09:00:00", scope="all")


async def test_a_series_is_not_changed_when_one_occurrence_is_meant() -> None:
    with caller_hears("whole series"):
        await run(series(), "update_event", event_id="s", summary="New")


# Cancelling


async def test_cancelling_says_what_was_cancelled_and_may_be_repeated() -> None:
    calendar = FakeCalendar(event("a", "2026-11-24T09:00:00", "2026-11-24T10:00:00"))

    first = await run(calendar, "cancel_event", event_id="a")
    again = await run(calendar, "cancel_event", event_id="a")

    assert first["event"]["when"] == "Tuesday 24 November 2026, 09:00 to 10:00"
    assert first["message"] == "The event is cancelled."
    assert again["message"] == "That event has been cancelled already."


@pytest.mark.parametrize(("scope", "gone"), [("this", "s_1"), ("all", "s")])
async def test_cancelling_takes_one_occurrence_or_the_series(scope: str, gone: str) -> None:
    calendar = series()

    await run(calendar, "cancel_event", event_id="s_1", scope=scope)

    assert calendar.asked("delete") == [gone]


@pytest.mark.parametrize("other", ["+14155550999", None])
async def test_callers_can_be_kept_from_changing_what_others_booked(other: str | None) -> None:
    calendar = FakeCalendar()
    config = {"only_own_bookings": True}
    await run(calendar, "create_event", **BOOKING, caller=other, config=config)

    for caller in ("+14155550123", None):
        with caller_hears("from the same number"):
            await run(calendar, "cancel_event", event_id=OURS, caller=caller, config=config)
        with caller_hears("from the same number"):
            await run(calendar, "update_event", event_id=OURS, summary="x", caller=caller, config=config)

    assert calendar.events[OURS]["status"] == "confirmed"


async def test_callers_who_may_change_their_own_bookings_only_can_change_those() -> None:
    calendar = FakeCalendar()
    config = {"only_own_bookings": True}
    await run(calendar, "create_event", **BOOKING, config=config)

    await run(calendar, "cancel_event", event_id=OURS, config=config)

    assert calendar.events[OURS]["status"] == "cancelled"


# Failures


@pytest.mark.parametrize(
    ("action", "arguments", "status", "says"),
    [
        ("list_events", {"start": "2026-11-24", "end": "2026-11-24"}, 404, "calendar that was set up"),
        ("cancel_event", {"event_id": "gone"}, 404, "cannot find that event"),
        ("update_event", {"event_id": "x", "summary": "y"}, 410, "deleted already"),
        ("create_event", BOOKING, 403, "not allowed"),
        ("create_event", BOOKING, 400, "did not accept"),
    ],
)
async def test_what_google_refuses_becomes_a_sentence(
    action: str, arguments: dict[str, Any], status: int, says: str
) -> None:
    calendar = FakeCalendar()
    calendar.refuse = CalendarRefusedError(status, "reason")

    with caller_hears(says, error=ToolError):
        await run(calendar, action, **arguments)


async def test_without_a_connection_the_caller_hears_why() -> None:
    arguments = CreateEvent.model_validate(BOOKING)

    with caller_hears("No calendar is connected", error=DisconnectedError):
        await GoogleCalendarTool(FakeCalendar()).execute(
            "create_event", arguments, tool_context(config=GoogleCalendarConfig())
        )
