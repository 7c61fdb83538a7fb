"""Dates and times as a model writes them and as a caller hears them.

A time without an offset is meant in the agent's time zone. On two days a year that is not enough: an hour
is missing, or comes twice. Where a booking depends on it, we ask instead of guessing.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, cast
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, WithJsonSchema

from shared.errors import ToolError
from shared.models.base import in_our_time

EXAMPLE = "2026-11-24T14:00:00"


def parse_time(value: object) -> datetime:
    """An ISO 8601 date and time; naive unless it carries an offset. Raises ValueError with a sentence."""
    if _parse_date(value) is not None:
        raise ValueError(f"{value!r} has no time of day; write it like {EXAMPLE}")
    try:
        moment = datetime.fromisoformat(cast("str", value).strip())
    except (AttributeError, ValueError):
        raise ValueError(f"{value!r} is not a date and time; write it like {EXAMPLE}") from None
    return in_our_time(moment)


def parse_start(value: object) -> datetime:
    """As `parse_time`; a date alone means that day's beginning."""
    day = _parse_date(value)
    return datetime.combine(in_our_time(day), datetime.min.time()) if day else parse_time(value)


def parse_end(value: object) -> datetime:
    """As `parse_time`; a date alone means that day's end."""
    day = _parse_date(value)
    if day is None:
        return parse_time(value)
    return datetime.combine(in_our_time(day) + timedelta(days=1), datetime.min.time())


def _parse_date(value: object) -> date | None:
    try:
        return date.fromisoformat(value.strip()) if isinstance(value, str) else None
    except ValueError:
        return None


# The format "date-time" is left out on purpose: it makes models add a Z, which turns local time into UTC.
_TEXT = WithJsonSchema({"type": "string"})
LocalTime = Annotated[datetime, BeforeValidator(parse_time), _TEXT]
RangeStart = Annotated[datetime, BeforeValidator(parse_start), _TEXT]
RangeEnd = Annotated[datetime, BeforeValidator(parse_end), _TEXT]


def exact(value: datetime, zone: ZoneInfo) -> datetime:
    """The moment, in UTC. Raises `ToolError` for a local time that does not exist or comes twice."""
    if value.tzinfo is not None:
        return value.astimezone(UTC)
    first, second = value.replace(tzinfo=zone, fold=0), value.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    clock = f"{value:%H:%M}"
    if _round_trip(first) != value:
        raise ToolError(
            f"On {spoken_day(value)} the clocks go forward and {clock} does not exist. "
            f"{_round_trip(first):%H:%M} does."
        )
    raise ToolError(
        f"On {spoken_day(value)} the clocks go back and {clock} comes twice. Ask which one is meant; "
        f"the earlier one is {first.isoformat()}, the later one {second.isoformat()}."
    )


def bound(value: datetime, zone: ZoneInfo, *, is_end: bool = False) -> datetime:
    """A limit of a search, in UTC. Here doubt is harmless: the wider range is taken."""
    if value.tzinfo is not None:
        return value.astimezone(UTC)
    readings = [value.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    return max(readings) if is_end else min(readings)


def _round_trip(local: datetime) -> datetime:
    """What the clock really shows at that moment."""
    return local.astimezone(UTC).astimezone(local.tzinfo).replace(tzinfo=None)


def spoken_day(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B %Y}"


def spoken_time(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    return f"{spoken_day(local)}, {local:%H:%M}"


def spoken_span(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """`Tuesday 24 November 2026, 14:00 to 14:30`"""
    last = end.astimezone(zone)
    same_day = last.date() == start.astimezone(zone).date()
    return (
        f"{spoken_time(start, zone)} to {last:%H:%M}"
        if same_day
        else (f"{spoken_time(start, zone)} to {spoken_time(end, zone)}")
    )


def spoken_days(first: date, after_last: date) -> str:
    """All-day events; their end is exclusive."""
    last = after_last - timedelta(days=1)
    if last <= first:
        return f"{spoken_day(first)}, all day"
    return f"{spoken_day(first)} to {spoken_day(last)}, all day"
