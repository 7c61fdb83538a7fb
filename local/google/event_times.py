"""An event's start and end: whole days, or moments in a time zone. All comparisons are made here."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from local.google.api_error import invalid


@dataclass(frozen=True)
class Point:
    """One of `EventDateTime`'s two forms."""

    day: date | None
    moment: datetime | None
    """In the zone `zone`."""
    zone: str | None

    def instant(self, calendar_zone: tzinfo) -> datetime:
        """A whole day begins at midnight in the calendar's time zone."""
        if self.moment is not None:
            return self.moment
        assert self.day is not None
        return datetime.combine(self.day, time.min, calendar_zone)

    def plus(self, span: timedelta) -> "Point":
        """So many wall-clock days, or so much real time."""
        if self.day is not None:
            return Point(self.day + span, None, None)
        assert self.moment is not None
        moved = (self.moment.astimezone(UTC) + span).astimezone(self.moment.tzinfo)
        return Point(None, moved, self.zone)

    def resource(self, shown_in: tzinfo) -> dict[str, Any]:
        """As the API shows it: the moment in the zone of the answer, beside the event's own zone."""
        if self.day is not None:
            return {"date": self.day.isoformat()}
        assert self.moment is not None
        return {"dateTime": rfc3339(self.moment.astimezone(shown_in)), "timeZone": self.zone}


def parse_point(value: Any, calendar_zone: str, which: str) -> Point:
    """`which` is start or end, for the error."""
    given: dict[str, Any] = (
        {k: v for k, v in value.items() if v is not None} if isinstance(value, dict) else {}
    )
    if ("date" in given) == ("dateTime" in given):
        raise invalid(f"Invalid {which} time." if given else f"Missing {which} time.")
    zone = given.get("timeZone")
    if zone is not None:
        time_zone(str(zone))
    try:
        if "date" in given:
            return Point(date.fromisoformat(given["date"]), None, None)
        moment = datetime.fromisoformat(given["dateTime"])
    except (ValueError, TypeError):
        raise invalid(f"Invalid {which} time.") from None
    if moment.tzinfo is None and zone is None:
        raise invalid(f"Missing time zone definition for {which} time.")
    zone = str(zone or calendar_zone)
    own = time_zone(zone)
    moment = moment.replace(tzinfo=own) if moment.tzinfo is None else moment.astimezone(own)
    return Point(None, moment.replace(microsecond=0), zone)


def time_zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, no name at all, a folder of zones like "Europe"
        raise invalid(f"Invalid time zone definition: {name}") from None


def parse_instant(text: str, name: str) -> datetime:
    """A parameter like timeMin: RFC 3339 with an offset."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or "T" not in text.upper():
        raise invalid(f"Invalid value for: {name}. Expected RFC 3339 with an offset, found '{text}'.")
    return moment


def rfc3339(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
