"""Recurring events (RFC 5545) and their instances.

An instance's id is its master's id, `_`, and its original start in UTC (or its day). Occurrences keep the
wall-clock time of the event's zone across changes of daylight saving time.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import cast

from dateutil.rrule import rruleset, rrulestr

from local.google.api_error import invalid
from local.google.event_times import Point

_INSTANCE_ID = re.compile(r"(?P<master>.+)_(?P<stamp>\d{8}(T\d{6}Z)?)")
_UNTIL = re.compile(r"UNTIL=(\d{8})(T\d{6})?(Z?)")


class Recurrence:
    """When a series that starts at `start` happens, by the lines of its `recurrence` field."""

    def __init__(self, start: Point, lines: list[str]) -> None:
        self._start = start
        self._rules = self._parse(lines)

    def between(self, after: datetime | None, before: datetime | None, margin: timedelta) -> Iterator[Point]:
        """Starts in (after - margin, before), where `margin` is at least an event's duration.

        Whole days are compared as midnights in UTC, so let the margin cover an offset, too.
        """
        for occurrence in self._rules:
            point = self._point(occurrence)
            instant = point.instant(UTC)
            if before is not None and instant >= before + timedelta(days=1):
                return
            if after is None or instant > after - margin - timedelta(days=1):
                yield point

    def has(self, start: Point) -> bool:
        wanted = self._naive_or_aware(start)
        return bool(self._rules.between(wanted, wanted, inc=True))

    def _parse(self, lines: list[str]) -> rruleset:
        text = "\n".join(_UNTIL.sub(self._until, line) for line in lines)
        try:
            rules = rrulestr(text, dtstart=self._naive_or_aware(self._start), forceset=True)
        except (ValueError, TypeError, KeyError) as error:
            raise invalid(f"Invalid recurrence rule: {error}") from None
        return cast("rruleset", rules)

    def _until(self, match: re.Match[str]) -> str:
        """The library wants UNTIL in UTC for moments, and without time for days; clients mix them."""
        day, clock = match[1], match[2]
        if self._start.day is not None:
            return f"UNTIL={day}T000000"
        if match[3]:
            return match[0]
        assert self._start.moment is not None
        until = datetime.fromisoformat(day + (clock or "T235959"))
        until = until.replace(tzinfo=self._start.moment.tzinfo)
        return f"UNTIL={until.astimezone(UTC):%Y%m%dT%H%M%SZ}"

    def _naive_or_aware(self, point: Point) -> datetime:
        if point.day is not None:
            return datetime.combine(point.day, time.min)
        assert point.moment is not None
        zone = self._start.moment.tzinfo if self._start.moment else UTC
        return point.moment.astimezone(zone)

    def _point(self, occurrence: datetime) -> Point:
        if self._start.day is not None:
            return Point(occurrence.date(), None, None)
        return Point(None, occurrence, self._start.zone)


def instance_id(master: str, start: Point) -> str:
    if start.day is not None:
        return f"{master}_{start.day:%Y%m%d}"
    assert start.moment is not None
    return f"{master}_{start.moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def parse_instance_id(event_id: str) -> tuple[str, date | datetime] | None:
    """(master's id, original start), or None for an id of another form."""
    match = _INSTANCE_ID.fullmatch(event_id)
    if match is None:
        return None
    try:
        if match[3]:
            stamp = datetime.fromisoformat(match["stamp"])
            return match["master"], stamp
        return match["master"], date.fromisoformat(match["stamp"])
    except ValueError:
        return None
