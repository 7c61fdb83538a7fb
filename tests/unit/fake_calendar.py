"""A calendar in memory, with the gateway's methods. What Google really answers is tested in contract/."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from shared.errors import UnavailableError
from shared.gateways.google_calendar import CalendarRefusedError
from shared.tools.base.base_tool import Credential
from shared.tools.scheduling.calendar_events import Event, span_of
from shared.tools.scheduling.free_time import Span


class FakeCalendar:
    """Events as the API returns them when it expands series. `refuse` makes the next request fail."""

    def __init__(self, *events: Event, zone: str = "Europe/Berlin") -> None:
        self.zone = zone
        self.events: dict[str, Event] = {}
        self.requests: list[tuple[str, Any]] = []
        self.refuse: CalendarRefusedError | None = None
        self.falls_silent_after: int | None = None
        """So many requests are answered, and no further ones."""
        self.before_insert: Event | None = None
        """Somebody else's booking that arrives at the last moment."""
        self.before_patch: Event | None = None
        for event in events:
            self.add(event)

    def add(self, event: Event) -> Event:
        self.events[event["id"]] = {
            "status": "confirmed",
            "created": f"2026-11-01T00:00:{len(self.events):02}.000Z",
            **event,
        }
        return self.events[event["id"]]

    def asked(self, name: str) -> list[Any]:
        return [details for request, details in self.requests if request == name]

    def _request(self, name: str, details: Any) -> None:
        if self.falls_silent_after is not None and len(self.requests) >= self.falls_silent_after:
            raise UnavailableError("no answer")
        self.requests.append((name, details))
        if self.refuse:
            refused, self.refuse = self.refuse, None
            raise refused

    async def list_events(
        self,
        credential: Credential,
        calendar_id: str,
        start: datetime,
        end: datetime,
        *,
        query: str | None = None,
    ) -> tuple[list[Event], str | None]:
        self._request("list", (calendar_id, start, end, query))
        zone = ZoneInfo(self.zone)
        within = Span(start.astimezone(UTC), end.astimezone(UTC))
        found = [
            event
            for event in self.events.values()
            if "recurrence" not in event and span_of(event, zone).overlaps(within)
        ]
        return sorted(found, key=lambda event: span_of(event, zone)), self.zone

    async def get_event(self, credential: Credential, calendar_id: str, event_id: str) -> Event:
        self._request("get", event_id)
        if event_id not in self.events:
            raise CalendarRefusedError(404, "notFound")
        return self.events[event_id]

    async def insert_event(
        self, credential: Credential, calendar_id: str, event: Event, *, send_updates: str
    ) -> Event:
        self._request("insert", event)
        if self.before_insert:
            self.add(self.before_insert)
        if event["id"] in self.events:
            raise CalendarRefusedError(409, "duplicate")
        return self.add(event)

    async def patch_event(
        self, credential: Credential, calendar_id: str, event_id: str, changes: Event, *, send_updates: str
    ) -> Event:
        self._request("patch", (event_id, changes))
        if self.before_patch:
            rival, self.before_patch = self.before_patch, None
            self.add(rival)
        event = self.events[event_id]
        for name, value in changes.items():
            merged = {**event[name], **value} if isinstance(value, dict) and name in event else value
            event[name] = (
                {key: v for key, v in merged.items() if v is not None} if isinstance(merged, dict) else merged
            )
        return event

    async def delete_event(
        self, credential: Credential, calendar_id: str, event_id: str, *, send_updates: str
    ) -> None:
        self._request("delete", event_id)
        if self.events[event_id]["status"] == "cancelled":
            raise CalendarRefusedError(410, "deleted")
        self.events[event_id]["status"] = "cancelled"
