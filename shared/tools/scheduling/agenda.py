"""A calendar as one call may use it: what is taken, what is free, and whether a time may be booked."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from shared.errors import DisconnectedError, ToolError, UnavailableError
from shared.gateways.google_calendar import CalendarRefusedError
from shared.tools.base.base_tool import Credential, ToolContext
from shared.tools.scheduling.calendar_arguments import MAX_DURATION_MINUTES, GoogleCalendarConfig
from shared.tools.scheduling.calendar_events import Event, belongs_to, is_exception, span_of, takes_time
from shared.tools.scheduling.free_time import Span, open_spans, slots, without
from shared.tools.scheduling.local_time import spoken_span, spoken_time

LOOK_AHEAD = timedelta(days=14)
"""How far to look for other times when the wanted one is taken."""
ALTERNATIVES = 3
SERIES_LOOK_AHEAD = timedelta(days=62)
"""How far occurrences are looked at when a whole series is to move."""


class CalendarGateway(Protocol):
    """What `GoogleCalendarGateway` offers here; its documentation holds."""

    async def list_events(
        self,
        credential: Credential,
        calendar_id: str,
        start: datetime,
        end: datetime,
        *,
        query: str | None = None,
    ) -> tuple[list[Event], str | None]: ...

    async def get_event(self, credential: Credential, calendar_id: str, event_id: str) -> Event: ...

    async def insert_event(
        self, credential: Credential, calendar_id: str, event: Event, *, send_updates: str
    ) -> Event: ...

    async def patch_event(
        self, credential: Credential, calendar_id: str, event_id: str, changes: Event, *, send_updates: str
    ) -> Event: ...

    async def delete_event(
        self, credential: Credential, calendar_id: str, event_id: str, *, send_updates: str
    ) -> None: ...


class Agenda:
    """One calendar with one account's permission, under one configuration's rules."""

    def __init__(self, gateway: CalendarGateway, context: ToolContext[GoogleCalendarConfig]) -> None:
        if context.credential is None:
            raise DisconnectedError("No calendar is connected yet. The business has to connect one first.")
        self._gateway = gateway
        self._credential = context.credential
        self._rules = context.config
        self._now = context.now
        self._hours = self._rules.working_hours or context.hours
        self._buffer = timedelta(minutes=self._rules.buffer_minutes)
        self.zone = context.time_zone

    # The calendar itself

    async def events(self, within: Span, query: str | None = None) -> tuple[list[Event], ZoneInfo]:
        """Events that overlap `within`, and the zone in which the calendar's days begin."""
        events, zone = await self._gateway.list_events(
            self._credential, self._rules.calendar_id, within.start, within.end, query=query
        )
        return events, ZoneInfo(zone) if zone else self.zone

    async def event(self, event_id: str) -> Event:
        return await self._gateway.get_event(self._credential, self._rules.calendar_id, event_id)

    async def insert(self, event: Event) -> Event:
        return await self._gateway.insert_event(
            self._credential, self._rules.calendar_id, event, send_updates=self._rules.send_updates
        )

    async def patch(self, event_id: str, changes: Event) -> Event:
        return await self._gateway.patch_event(
            self._credential,
            self._rules.calendar_id,
            event_id,
            changes,
            send_updates=self._rules.send_updates,
        )

    async def delete(self, event_id: str) -> None:
        """One that is gone already is fine: an earlier attempt, whose answer got lost, did it."""
        try:
            await self._gateway.delete_event(
                self._credential, self._rules.calendar_id, event_id, send_updates=self._rules.send_updates
            )
        except CalendarRefusedError as refused:
            if refused.status != 410:
                raise

    # Time

    async def free_slots(self, within: Span, duration: timedelta, limit: int) -> list[Span]:
        """Bookable times in `within`, the earliest first."""
        window = Span(max(within.start, self._earliest()), min(within.end, self._latest()))
        if window.start + duration > window.end:
            return []
        events, zone = await self.events(window.widened(self._buffer))
        busy = [span_of(event, zone).widened(self._buffer) for event in events if takes_time(event)]
        free = without(open_spans(self._hours, self.zone, window), busy)
        return [slot for slot, _ in zip(slots(free, duration, self.zone), range(limit), strict=False)]

    def check_allowed(self, span: Span) -> None:
        """Raises `ToolError` when the rules forbid the time, whether or not it is free."""
        now = self._now().astimezone(UTC)
        if span.end <= span.start:
            raise ToolError("The end has to be later than the start.")
        if span.end - span.start > timedelta(minutes=MAX_DURATION_MINUTES):
            raise ToolError("That is longer than a day. Book shorter appointments.")
        if span.start < now:
            past, today = spoken_time(span.start, self.zone), spoken_time(now, self.zone)
            raise ToolError(f"{past} is in the past; now it is {today}.")
        if span.start < self._earliest():
            raise ToolError(
                f"That is too soon. The earliest possible time is {spoken_time(self._earliest(), self.zone)}."
            )
        if span.start > self._latest():
            raise ToolError(f"That is too far ahead. The limit is {self._rules.max_days_ahead} days.")
        if not any(hours.contains(span) for hours in open_spans(self._hours, self.zone, span)):
            raise ToolError(
                f"{spoken_span(span.start, span.end, self.zone)} is outside of the working hours. "
                "Look for free slots to find a time within them."
            )

    async def conflicts(self, span: Span) -> list[Event]:
        """Events that keep `span` from being booked, buffers included."""
        wanted = span.widened(self._buffer)
        events, zone = await self.events(wanted)
        return [event for event in events if takes_time(event) and span_of(event, zone).overlaps(wanted)]

    async def clash_of_series(self, series_id: str, moved: Callable[[Span], Span]) -> Span | None:
        """The first of the next occurrences that would meet something else once it is `moved`."""
        now = self._now().astimezone(UTC)
        events, zone = await self.events(Span(now, now + SERIES_LOOK_AHEAD))
        own = [event for event in events if belongs_to(event, series_id)]
        busy = [span_of(event, zone) for event in events if event not in own and takes_time(event)]
        # An occurrence that was moved on its own stays where it is.
        after = [moved(span_of(event, zone)) for event in own if not is_exception(event)]
        return next(
            (span for span in after if any(span.widened(self._buffer).overlaps(b) for b in busy)), None
        )

    async def taken(self, span: Span) -> ToolError:
        """The refusal of a time that is taken, with the next ones that are not if they can be had."""
        ahead = Span(span.start, span.start + LOOK_AHEAD)
        try:
            offer = self._offer(await self.free_slots(ahead, span.end - span.start, ALTERNATIVES))
        except UnavailableError:
            offer = "Look for free slots to find another time."
        return ToolError(f"{spoken_span(span.start, span.end, self.zone)} is already taken. {offer}")

    def _offer(self, others: Sequence[Span]) -> str:
        if not others:
            return f"Nothing else is free in the {LOOK_AHEAD.days} days after that."
        return f"The next free times are: {'; '.join(spoken_time(slot.start, self.zone) for slot in others)}."

    def _earliest(self) -> datetime:
        return self._now().astimezone(UTC) + timedelta(minutes=self._rules.min_notice_minutes)

    def _latest(self) -> datetime:
        return self._now().astimezone(UTC) + timedelta(days=self._rules.max_days_ahead)
