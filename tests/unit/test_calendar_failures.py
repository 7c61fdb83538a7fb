"""What a caller hears when the calendar refuses, falls silent, or is not connected."""

from typing import Any

import pytest

from shared.errors import DisconnectedError, ToolError, UnavailableError
from shared.gateways.google_calendar import CalendarRefusedError
from shared.tools.implementations.google_calendar import GoogleCalendarTool
from shared.tools.scheduling.calendar_arguments import CreateEvent, GoogleCalendarConfig
from tests.tools import caller_hears, tool_context
from tests.unit.calendar_runs import BOOKING, event, run, series
from tests.unit.fake_calendar import FakeCalendar

pytestmark = pytest.mark.unit


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
