"""Events that are changed, moved and cancelled, alone and as a series."""

from typing import Any

import pytest
from pydantic import ValidationError

from shared.gateways.google_calendar import CalendarRefusedError
from shared.tools.scheduling.calendar_arguments import UpdateEvent
from tests.tools import caller_hears
from tests.unit.calendar_runs import BOOKING, OURS, WORKDAYS, event, run, series
from tests.unit.fake_calendar import FakeCalendar

pytestmark = pytest.mark.unit


async def test_an_event_that_stays_when_it_is_may_be_outside_of_the_rules() -> None:
    calendar = FakeCalendar(event("a", "2026-11-22T20:00:00", "2026-11-22T21:00:00"))
    config = {"working_hours": WORKDAYS}
    same = {"event_id": "a", "start": "2026-11-22T20:00:00", "end": "2026-11-22T21:00:00"}

    await run(calendar, "update_event", **same, summary="New", config=config)

    assert calendar.events["a"]["summary"] == "New"


@pytest.mark.parametrize("scope", ["this", "all"])
async def test_an_event_that_stays_when_it_is_may_be_beside_others(scope: str) -> None:
    """What overlaps it already does not keep its title from being changed."""
    calendar = series()
    calendar.add(event("other", "2026-11-24T09:30:00", "2026-11-24T10:30:00"))
    same = {"event_id": "s_1", "start": "2026-11-24T09:00:00", "end": "2026-11-24T10:00:00"}

    await run(calendar, "update_event", **same, summary="New", scope=scope)

    assert calendar.asked("patch") == [("s_1" if scope == "this" else "s", {"summary": "New"})]


async def test_moving_an_event_keeps_its_length_and_does_not_collide_with_itself() -> None:
    calendar = FakeCalendar(event("a", "2026-11-24T13:30:00", "2026-11-24T15:00:00"))

    result = await run(calendar, "update_event", event_id="a", start="2026-11-24T14:00:00")

    assert result["event"]["when"] == "Tuesday 24 November 2026, 14:00 to 15:30"
    assert calendar.events["a"]["start"]["dateTime"] == "2026-11-24T14:00:00+01:00"


async def test_moving_onto_another_event_is_refused_unless_that_is_allowed() -> None:
    calendar = FakeCalendar(
        event("a", "2026-11-24T09:00:00", "2026-11-24T10:00:00"),
        event("b", "2026-11-24T13:30:00", "2026-11-24T15:00:00"),
    )
    move = {"event_id": "a", "start": "2026-11-24T14:00:00", "end": "2026-11-24T14:20:00"}

    with caller_hears("already taken"):
        await run(calendar, "update_event", **move)

    result = await run(calendar, "update_event", **move, config={"allow_double_booking": True})
    assert result["event"]["when"] == "Tuesday 24 November 2026, 14:00 to 14:20"


@pytest.mark.parametrize(
    ("start", "says"),
    [("2026-11-23T09:00:00", "in the past"), ("2026-11-24T18:00:00", "outside of the working hours")],
)
async def test_an_event_moves_only_to_times_that_could_be_booked(start: str, says: str) -> None:
    calendar = FakeCalendar(event("a", "2026-11-24T09:00:00", "2026-11-24T10:00:00"))

    with caller_hears(says):
        await run(calendar, "update_event", event_id="a", start=start, config={"working_hours": WORKDAYS})

    assert calendar.asked("patch") == []


def test_a_change_of_nothing_is_refused() -> None:
    with pytest.raises(ValidationError, match="say what to change"):
        UpdateEvent.model_validate({"event_id": "a", "scope": "all"})


async def test_an_event_that_was_cancelled_is_not_changed() -> None:
    calendar = FakeCalendar(event("a", "2026-11-24T09:00:00", "2026-11-24T10:00:00", status="cancelled"))

    with caller_hears("has been cancelled already"):
        await run(calendar, "update_event", event_id="a", summary="New")

    assert calendar.asked("patch") == []


@pytest.mark.parametrize(
    ("start", "end"), [("2026-11-24T09:00:00", "2026-11-24T10:00:00"), ("2026-11-25", "2026-11-26")]
)
async def test_an_event_goes_back_when_somebody_books_its_new_time_at_the_last_moment(
    start: str, end: str
) -> None:
    calendar = FakeCalendar(moved := event("a", start, end))
    before = moved["start"], moved["end"]
    calendar.before_patch = event("rival", "2026-11-24T14:00:00", "2026-11-24T15:00:00")
    change = {"start": "2026-11-24T14:00:00", "duration_minutes": 30, "summary": "New", "location": "Room 2"}

    with caller_hears("already taken"):
        await run(calendar, "update_event", event_id="a", **change)

    left = calendar.events["a"]
    assert (left["start"], left["end"]) == before
    assert (left["summary"], left.get("location")) == ("a", None)


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


async def test_a_whole_series_keeps_its_distance_and_passes_what_takes_no_time() -> None:
    calendar = series()
    calendar.add(event("b", "2026-12-01T12:05:00", "2026-12-01T12:30:00"))
    calendar.add(event("c", "2026-12-01T11:15:00", "2026-12-01T11:45:00", transparency="transparent"))
    move = {"event_id": "s_1", "start": "2026-11-24T11:00:00", "scope": "all"}

    with caller_hears("already taken"):
        await run(calendar, "update_event", **move, config={"buffer_minutes": 10})

    await run(calendar, "update_event", **move)
    assert [changed for changed, _ in calendar.asked("patch")] == ["s"]


async def test_an_occurrence_that_was_moved_on_its_own_does_not_keep_its_series_from_moving() -> None:
    calendar = series()
    calendar.events["s_2"]["start"]["dateTime"] = "2026-12-02T09:00:00+01:00"
    calendar.events["s_2"]["end"]["dateTime"] = "2026-12-02T10:00:00+01:00"
    calendar.events["s_2"]["originalStartTime"] = {"dateTime": "2026-12-01T09:00:00+01:00"}
    calendar.add(event("b", "2026-12-02T11:15:00", "2026-12-02T11:45:00"))

    await run(calendar, "update_event", event_id="s_1", start="2026-11-24T11:00:00", scope="all")

    assert [changed for changed, _ in calendar.asked("patch")] == ["s"]


async def test_a_whole_series_is_not_in_its_own_way() -> None:
    calendar = series()

    await run(calendar, "update_event", event_id="s_1", start="2026-11-24T09:30:00", scope="all")

    assert [changed for changed, _ in calendar.asked("patch")] == ["s"]


async def test_a_whole_series_moves_also_to_when_one_occurrence_of_it_was_moved_before() -> None:
    calendar = series()
    calendar.add(
        event(
            "s_1",
            "2026-11-24T11:00:00",
            "2026-11-24T12:00:00",
            recurringEventId="s",
            originalStartTime={"dateTime": "2026-11-24T09:00:00+01:00"},
        )
    )

    await run(calendar, "update_event", event_id="s_1", start="2026-11-24T11:00:00", scope="all")

    [(changed, times)] = calendar.asked("patch")
    assert (changed, times["start"]["dateTime"]) == ("s", "2026-07-07T11:00:00")


async def test_of_a_series_that_lasts_all_day_single_occurrences_are_changed() -> None:
    calendar = series()
    calendar.add(event("s", "2026-07-07", "2026-07-08", recurrence=["RRULE:FREQ=WEEKLY"]))
    calendar.add(event("s_1", "2026-11-24", "2026-11-25", recurringEventId="s"))
    move = {"event_id": "s_1", "start": "2026-11-24T11:00:00"}

    with caller_hears("lasts all day"):
        await run(calendar, "update_event", **move, scope="all")

    result = await run(calendar, "update_event", **move)
    assert result["event"]["when"] == "Tuesday 24 November 2026, 11:00 to 11:30"


async def test_a_whole_series_cannot_move_to_other_days() -> None:
    with caller_hears("not its days"):
        await run(series(), "update_event", event_id="s_1", start="2026-11-25T09:00:00", scope="all")


async def test_a_whole_series_whose_days_are_those_of_another_time_zone_is_left_alone() -> None:
    """Its rule may name a weekday, which is another one here."""
    calendar = series()
    for end, clock in (("start", "06"), ("end", "07")):  # 23 and 24 o'clock of the day before, in Berlin
        at = {"dateTime": f"2026-07-07T{clock}:00:00+09:00", "timeZone": "Asia/Tokyo"}
        calendar.events["s"][end] = at
    calendar.events["s_1"]["start"]["dateTime"] = "2026-11-23T22:00:00+01:00"
    calendar.events["s_1"]["end"]["dateTime"] = "2026-11-23T23:00:00+01:00"

    with caller_hears("another time zone"):
        await run(calendar, "update_event", event_id="s_1", start="2026-11-23T20:00:00", scope="all")
    assert calendar.asked("patch") == []


async def test_a_series_is_not_changed_when_one_occurrence_is_meant() -> None:
    with caller_hears("whole series"):
        await run(series(), "update_event", event_id="s", summary="New")


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


async def test_what_nobody_booked_by_phone_does_not_belong_to_callers_without_a_number() -> None:
    calendar = FakeCalendar(event("a", "2026-11-24T09:00:00", "2026-11-24T10:00:00"))
    config = {"only_own_bookings": True}

    with caller_hears("from the same number"):
        await run(calendar, "cancel_event", event_id="a", caller=None, config=config)

    assert calendar.events["a"]["status"] == "confirmed"


async def test_an_event_that_somebody_deletes_at_the_same_moment_is_cancelled_all_the_same() -> None:
    class Deleted(FakeCalendar):
        async def delete_event(self, *_: Any, **__: Any) -> None:
            raise CalendarRefusedError(410, "deleted")

    calendar = Deleted(event("a", "2026-11-24T09:00:00", "2026-11-24T10:00:00"))

    assert (await run(calendar, "cancel_event", event_id="a"))["message"] == "The event is cancelled."


async def test_callers_who_may_change_their_own_bookings_only_can_change_those() -> None:
    calendar = FakeCalendar()
    config = {"only_own_bookings": True}
    await run(calendar, "create_event", **BOOKING, config=config)

    await run(calendar, "cancel_event", event_id=OURS, config=config)

    assert calendar.events[OURS]["status"] == "cancelled"
