"""Reading Google's event resources.

https://developers.google.com/workspace/calendar/api/v3/reference/events#resource
"""

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from shared.tools.scheduling.free_time import Span
from shared.tools.scheduling.local_time import spoken_days, spoken_span

Event = dict[str, Any]


def is_all_day(event: Event) -> bool:
    return bool(event["start"].get("date"))


def span_of(event: Event, calendar_zone: ZoneInfo) -> Span:
    """When it happens. An all-day event lasts from midnight to midnight where the calendar is."""
    return Span(_moment(event["start"], calendar_zone), _moment(event["end"], calendar_zone))


def _moment(at: dict[str, str], zone: ZoneInfo) -> datetime:
    if at.get("date"):
        return datetime.combine(date.fromisoformat(at["date"]), time(), zone).astimezone(UTC)
    moment = datetime.fromisoformat(at["dateTime"])
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(at["timeZone"]) if "timeZone" in at else zone)
    return moment.astimezone(UTC)


def is_cancelled(event: Event) -> bool:
    return event.get("status") == "cancelled"


def is_declined(event: Event) -> bool:
    """By the owner of the calendar."""
    return any(
        guest.get("self") and guest.get("responseStatus") == "declined"
        for guest in event.get("attendees", [])
    )


def takes_time(event: Event) -> bool:
    """Whether its owner is busy meanwhile. A working location is shown as an event and is none."""
    return not (
        is_cancelled(event)
        or is_declined(event)
        or event.get("transparency") == "transparent"
        or event.get("eventType") == "workingLocation"
        or _has_no_length(event)
    )


def _has_no_length(event: Event) -> bool:
    start = event["start"].get("dateTime")
    return start is not None and start == event["end"].get("dateTime")


def is_private(event: Event) -> bool:
    """Others may know that it takes time, and nothing else of it."""
    return event.get("visibility") in ("private", "confidential")


def private_property(event: Event, name: str) -> str | None:
    """One that only the program that set it can see."""
    return event.get("extendedProperties", {}).get("private", {}).get(name)


def belongs_to(event: Event, event_id: str) -> bool:
    """Whether it is that event or one of that series."""
    return event_id in (event["id"], event.get("recurringEventId"))


def is_exception(event: Event) -> bool:
    """An occurrence of a series that was given a time of its own."""
    original = event.get("originalStartTime")
    return (
        original is not None and _moment(original, ZoneInfo("UTC")) != span_of(event, ZoneInfo("UTC")).start
    )


def for_the_model(event: Event, zone: ZoneInfo) -> dict[str, Any]:
    """Few fields, easy to say. What is marked private stays private."""
    private = is_private(event)
    if is_all_day(event):
        days = date.fromisoformat(event["start"]["date"]), date.fromisoformat(event["end"]["date"])
        when = spoken_days(*days)
    else:
        span = span_of(event, zone)
        when = spoken_span(span.start, span.end, zone)
    said: dict[str, Any] = {
        "event_id": event["id"],
        "summary": "private appointment" if private else event.get("summary", "without a title"),
        "when": when,
    }
    if event.get("location") and not private:
        said["location"] = event["location"]
    if "recurringEventId" in event:
        said["repeats"] = True
    return said
