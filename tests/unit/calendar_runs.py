"""The calendar tool over a calendar in memory."""

from typing import Any

from shared.tools.implementations.google_calendar import GoogleCalendarTool
from shared.tools.scheduling.calendar_arguments import GoogleCalendarConfig
from tests.tools import FakeCredential, tool_context
from tests.unit.fake_calendar import FakeCalendar

OURS = "tk" + "0" * 32
WORKDAYS = [{"weekday": day, "opens": "09:00", "closes": "17:00"} for day in range(5)]
BOOKING = {"summary": "Dentist", "start": "2026-11-24T14:00:00"}


def event(event_id: str, start: str, end: str, **more: Any) -> dict[str, Any]:
    """Times are those of Berlin in winter; a date alone makes it last all day."""

    def at(value: str) -> dict[str, str]:
        return {"dateTime": f"{value}+01:00"} if "T" in value else {"date": value}

    return {"id": event_id, "summary": event_id, "start": at(start), "end": at(end), **more}


async def run(
    calendar: FakeCalendar, action: str, key: str = "0" * 32, /, **arguments: Any
) -> dict[str, Any]:
    config = GoogleCalendarConfig.model_validate(arguments.pop("config", {}))
    caller, hours = arguments.pop("caller", "+14155550123"), arguments.pop("hours", None)
    tool = GoogleCalendarTool(calendar)
    model = tool.metadata.actions[action].arguments
    context = tool_context(
        config=config, credential=FakeCredential(), caller=caller, idempotency_key=key, hours=hours
    )
    return await tool.execute(action, model.model_validate(arguments), context)


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
