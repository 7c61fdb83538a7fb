"""What Google Calendar does with events, without HTTP: changes, lists and free/busy of one calendar.

https://developers.google.com/workspace/calendar/api/v3/reference/events
"""

import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import Any

from local.google.api_error import ApiError, invalid, not_found
from local.google.calendar_store import Calendar, CalendarStore, Event
from local.google.event_times import Point, parse_point, rfc3339, time_zone
from local.google.recurrence import Recurrence, instance_id, parse_instance_id

_EVENT_ID = re.compile(r"[a-v0-9]{5,1024}")
_ID_ALPHABET = "0123456789abcdefghijklmnopqrstuv"
_READ_ONLY = ("kind", "etag", "id", "created", "updated", "creator", "organizer", "htmlLink", "iCalUID")
_SERIES_FIELDS = ("recurringEventId", "originalStartTime")
_STATUSES = ("confirmed", "tentative", "cancelled")


@dataclass(frozen=True)
class Query:
    """Parameters of events.list."""

    start: datetime | None = None
    """Events end after it."""
    end: datetime | None = None
    """Events start before it."""
    expand: bool = False
    """Series as their instances (singleEvents)."""
    by_start: bool = False
    show_deleted: bool = False
    text: str | None = None
    private_properties: tuple[tuple[str, str], ...] = ()


class CalendarEvents:
    """One account's calendar."""

    def __init__(self, store: CalendarStore, calendar: Calendar, clock: Callable[[], float]) -> None:
        self._store = store
        self._calendar = calendar
        self._clock = clock
        self._zone = time_zone(calendar.time_zone)

    def insert(self, body: Event) -> Event:
        event_id = body.get("id") or "".join(secrets.choice(_ID_ALPHABET) for _ in range(26))
        if not isinstance(event_id, str) or not _EVENT_ID.fullmatch(event_id):
            raise invalid("Invalid resource id value.")
        if self._store.get(self._calendar, event_id) is not None:  # deleted ones keep theirs
            raise ApiError(409, "duplicate", "The requested identifier already exists.")
        me = {"email": self._calendar.account, "self": True}
        event: Event = {
            "kind": "calendar#event",
            "id": event_id,
            "status": "confirmed",
            "created": self._now(),
            "creator": me,
            "organizer": me,
            "iCalUID": body.get("iCalUID") or f"{event_id}@google.com",
            "sequence": 0,
            "reminders": {"useDefault": True},
            "eventType": "default",
            "htmlLink": f"https://www.google.com/calendar/event?eid={event_id}",
            **{key: value for key, value in _writable(body).items() if value is not None},
        }
        return self._save(event)

    def get(self, event_id: str) -> Event:
        """An event, a series, or an instance of one; cancelled ones, too. Raises 404."""
        return self._find(event_id)

    def patch(self, event_id: str, changes: Event, if_match: str | None) -> Event:
        return self._change(event_id, lambda event: _merge(event, _writable(changes)), if_match)

    def update(self, event_id: str, body: Event, if_match: str | None) -> Event:
        def replace(event: Event) -> Event:
            kept = {key: event[key] for key in (*_READ_ONLY, *_SERIES_FIELDS, "sequence") if key in event}
            return {"status": "confirmed", "eventType": "default", **_writable(body), **kept}

        return self._change(event_id, replace, if_match)

    def delete(self, event_id: str, if_match: str | None) -> None:
        event = self._find(event_id)
        if event["status"] == "cancelled":
            raise ApiError(410, "deleted", "Resource has been deleted")
        _check_etag(if_match, event)
        self._save({**event, "status": "cancelled"})

    def search(self, query: Query) -> list[Event]:
        """All that match, ordered; pages are made by the caller."""
        found = [event for event in self._candidates(query) if self._matches(event, query)]
        if query.by_start:
            found.sort(key=lambda event: (self._bounds(event)[0], event["id"]))
        return found

    def busy(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """Periods within [start, end) that are taken, merged where they touch."""
        taken = sorted(
            (max(first, start), min(last, end))
            for event in self.search(Query(start=start, end=end, expand=True))
            if event.get("transparency") != "transparent"
            for first, last in [self._bounds(event)]
        )
        merged: list[tuple[datetime, datetime]] = []
        for first, last in taken:
            if merged and first <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
            else:
                merged.append((first, last))
        return merged

    def shown(self, event: Event, zone: tzinfo) -> Event:
        """`event` as an answer in that time zone shows it."""
        times = {
            key: parse_point(event[key], self._calendar.time_zone, key).resource(zone)
            for key in ("start", "end", "originalStartTime")
            if key in event
        }
        return {**event, **times}

    # Changing.

    def _change(self, event_id: str, apply: Callable[[Event], Event], if_match: str | None) -> Event:
        before = self._find(event_id)
        _check_etag(if_match, before)
        after = apply(before)
        if any(after.get(key) != before.get(key) for key in ("start", "end", "recurrence")):
            after["sequence"] = before.get("sequence", 0) + 1
        return self._save(after)

    def _save(self, event: Event) -> Event:
        """Check, stamp and store; an instance becomes an exception of its series by being stored."""
        start, end = self._points(event)
        if type(start.day) is not type(end.day):
            raise invalid("The start and end times must either both be date or both be dateTime.")
        if end.instant(self._zone) < start.instant(self._zone) or (start.day and start.day == end.day):
            raise ApiError(400, "timeRangeEmpty", "The specified time range is empty.", domain="calendar")
        if event["status"] not in _STATUSES:
            raise invalid("Invalid event status.")
        if event.get("recurrence"):
            if start.day is None and "timeZone" not in event["start"]:
                raise invalid("Missing time zone definition for start time.")
            Recurrence(start, event["recurrence"])
        for guest in event.get("attendees", []):
            guest.setdefault("responseStatus", "needsAction")
        event["start"], event["end"] = start.resource(self._zone), end.resource(self._zone)
        event["updated"] = self._now()
        event["etag"] = f'"{secrets.randbelow(10**16):016d}"'
        self._store.put(self._calendar, event)
        return event

    # Finding.

    def _find(self, event_id: str) -> Event:
        stored = self._store.get(self._calendar, event_id)
        if stored is not None:
            return stored
        parsed = parse_instance_id(event_id)
        series = self._store.get(self._calendar, parsed[0]) if parsed else None
        if parsed is None or series is None or not series.get("recurrence"):
            raise not_found()
        start = self._points(series)[0]
        original = _original_start(parsed[1], start)
        if original is None or not Recurrence(start, series["recurrence"]).has(original):
            raise not_found()
        return self._instance(series, original)

    def _candidates(self, query: Query) -> Iterator[Event]:
        for event in self._store.events(self._calendar):
            if not event.get("recurrence"):
                yield event
            elif not query.expand:
                if next(self._instances(event, query), None) is not None:
                    yield event
            elif event["status"] != "cancelled" or query.show_deleted:
                exceptions = {e["id"] for e in self._store.exceptions(self._calendar, event["id"])}
                instances = self._instances(event, query)
                yield from (instance for instance in instances if instance["id"] not in exceptions)

    def _instances(self, series: Event, query: Query) -> Iterator[Event]:
        start, end = self._points(series)
        length = end.instant(self._zone) - start.instant(self._zone)
        if query.expand and query.end is None and not _ends(series["recurrence"]):
            raise invalid("The laptop cloud expands a series without an end only up to timeMax.")
        for occurrence in Recurrence(start, series["recurrence"]).between(query.start, query.end, length):
            instance = self._instance(series, occurrence)
            if self._in_window(instance, query):
                yield instance

    def _instance(self, series: Event, start: Point) -> Event:
        first, last = self._points(series)
        length = last.instant(UTC) - first.instant(UTC)
        event = {key: value for key, value in series.items() if key != "recurrence"}
        return event | {
            "id": instance_id(series["id"], start),
            "start": start.resource(self._zone),
            "end": start.plus(length).resource(self._zone),
            "recurringEventId": series["id"],
            "originalStartTime": start.resource(self._zone),
        }

    def _matches(self, event: Event, query: Query) -> bool:
        if event["status"] == "cancelled" and not query.show_deleted:
            return False
        if event.get("recurringEventId") and self._series_is_cancelled(event, query):
            return False
        properties = event.get("extendedProperties", {}).get("private", {})
        if any(properties.get(key) != value for key, value in query.private_properties):
            return False
        if query.text and query.text.lower() not in _searchable(event):
            return False
        return bool(event.get("recurrence")) or self._in_window(event, query)

    def _series_is_cancelled(self, event: Event, query: Query) -> bool:
        series = self._store.get(self._calendar, event["recurringEventId"])
        return series is None or (series["status"] == "cancelled" and not query.show_deleted)

    def _in_window(self, event: Event, query: Query) -> bool:
        start, end = self._bounds(event)
        return (query.start is None or end > query.start) and (query.end is None or start < query.end)

    def _points(self, event: Event) -> tuple[Point, Point]:
        zone = self._calendar.time_zone
        return parse_point(event.get("start"), zone, "start"), parse_point(event.get("end"), zone, "end")

    def _bounds(self, event: Event) -> tuple[datetime, datetime]:
        start, end = self._points(event)
        return start.instant(self._zone), end.instant(self._zone)

    def _now(self) -> str:
        moment = datetime.fromtimestamp(self._clock(), UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _original_start(stamp: date | datetime, series_start: Point) -> Point | None:
    """The stamp of an instance's id in the form of its series' start, if it has that form."""
    if isinstance(stamp, datetime):
        if series_start.moment is None:
            return None
        return Point(None, stamp.astimezone(series_start.moment.tzinfo), series_start.zone)
    return None if series_start.day is None else Point(stamp, None, None)


def _ends(recurrence: list[str]) -> bool:
    return all("UNTIL=" in line or "COUNT=" in line for line in recurrence if line.startswith("RRULE"))


def _writable(body: Event) -> Event:
    return {key: value for key, value in body.items() if key not in (*_READ_ONLY, *_SERIES_FIELDS)}


def _merge(event: Event, changes: Event) -> Event:
    """JSON merge patch (RFC 7396): None removes, objects merge, everything else replaces."""
    merged = dict(event)
    for key, value in changes.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            before: Any = merged.get(key)
            merged[key] = _merge(before if isinstance(before, dict) else {}, value)
        else:
            merged[key] = value
    return merged


def _check_etag(if_match: str | None, event: Event) -> None:
    if if_match not in (None, "*", event["etag"]):
        raise ApiError(412, "conditionNotMet", "Precondition Failed", location="If-Match")


def _searchable(event: Event) -> str:
    people = [*event.get("attendees", []), event.get("organizer", {})]
    texts = [event.get(key, "") for key in ("summary", "description", "location")]
    texts += [person.get(key, "") for person in people for key in ("email", "displayName")]
    return "\n".join(texts).lower()


def busy_resource(period: tuple[datetime, datetime], zone: tzinfo) -> dict[str, str]:
    start, end = (rfc3339(moment.astimezone(zone)) for moment in period)
    return {"start": start, "end": end}
