"""Which times are free: arithmetic on spans of UTC.

UTC throughout, because Python compares two times of the same zone by their clock faces, which is wrong in
the hour that comes twice.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.models.agent import OpeningHours

GRID = timedelta(minutes=15)
"""Offered times start on a quarter of an hour of the local clock."""


@dataclass(frozen=True, order=True)
class Span:
    """[start, end), in UTC."""

    start: datetime
    end: datetime

    def overlaps(self, other: "Span") -> bool:
        return self.start < other.end and other.start < self.end

    def contains(self, other: "Span") -> bool:
        return self.start <= other.start and other.end <= self.end

    def widened(self, by: timedelta) -> "Span":
        return Span(self.start - by, self.end + by)


def merged(spans: Iterable[Span]) -> list[Span]:
    """In order, without overlaps; spans that touch become one, empty ones vanish."""
    result: list[Span] = []
    for span in sorted(span for span in spans if span.start < span.end):
        if result and span.start <= result[-1].end:
            result[-1] = Span(result[-1].start, max(result[-1].end, span.end))
        else:
            result.append(span)
    return result


def without(spans: Iterable[Span], busy: Iterable[Span]) -> list[Span]:
    """What is left of `spans`."""
    left: list[Span] = []
    taken = merged(busy)
    for span in merged(spans):
        free_from = span.start
        for block in taken:
            if block.overlaps(Span(free_from, span.end)):
                left.append(Span(free_from, block.start))
                free_from = block.end
        left.append(Span(free_from, span.end))
    return merged(left)


def open_spans(hours: Sequence[OpeningHours] | None, zone: ZoneInfo, within: Span) -> list[Span]:
    """The parts of `within` that lie in opening hours; None means always open."""
    if hours is None:
        return merged([within])
    first = within.start.astimezone(zone).date()
    days = (within.end.astimezone(zone).date() - first).days
    return merged(
        Span(max(opens, within.start), min(closes, within.end))
        for day in (first + timedelta(days=n) for n in range(days + 1))
        for opening in hours
        if opening.weekday == day.weekday()
        for opens, closes in [(_clock(day, opening.opens, zone), _clock(day, opening.closes, zone))]
    )


def _clock(day: date, clock: str, zone: ZoneInfo) -> datetime:
    if clock == "24:00":
        day, clock = day + timedelta(days=1), "00:00"
    return datetime.combine(day, time.fromisoformat(clock), zone).astimezone(UTC)


def slots(free: Iterable[Span], duration: timedelta, zone: ZoneInfo) -> Iterator[Span]:
    """Times of `duration` that do not overlap each other, in order."""
    for span in merged(free):
        start = _on_grid(span.start, zone)
        while start + duration <= span.end:
            yield Span(start, start + duration)
            start = _on_grid(start + duration, zone)


def _on_grid(moment: datetime, zone: ZoneInfo) -> datetime:
    """The next time, or this one, at which the local clock shows a quarter of an hour."""
    local = moment.astimezone(zone)
    past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond) % GRID
    return moment + (GRID - past if past else timedelta())
