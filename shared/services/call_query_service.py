"""Calls as people look at them: lists, one call with its events as they happen, usage by day."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.errors import InvalidFieldsError
from shared.gateways.firestore import Database
from shared.models.base import utc_now
from shared.models.call import Call
from shared.repositories.call_history import CallFilter, CallHistoryRepository
from shared.repositories.calls import CallRepository, NamedEvent
from shared.repositories.paging import Page
from shared.services.event_tail import TailPosition
from shared.services.session_service import SessionManager

POLL_EVERY_SECONDS = 1.0
"""How often a waiting reader's events are looked for; the worker writes about as often."""

MAX_USAGE_DAYS = 31


@dataclass(frozen=True)
class Tail:
    events: list[NamedEvent]
    position: str
    """To be passed back for what follows."""
    ended: bool
    """The call is over and all its events have been seen."""


@dataclass(frozen=True)
class DayUsage:
    day: date
    calls: int
    agent_seconds: float


class CallQueryService:
    """`now` is the clock, with a time zone. All raise `UnavailableError`."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._calls = CallRepository(database)
        self._history = CallHistoryRepository(database)
        self._sessions = SessionManager(database, now=now)

    async def list_calls(
        self, tenant_id: str, wanted: CallFilter, limit: int, cursor: str | None
    ) -> Page[Call]:
        """Newest first. Raises `InvalidFieldsError` for a cursor of another list."""
        return await self._history.page(tenant_id, wanted, limit, cursor)

    async def get(self, tenant_id: str, call_id: str) -> Call:
        """Raises `NotFoundError`."""
        return await self._calls.get(tenant_id, call_id)

    async def tail(
        self, tenant_id: str, call_id: str, after: str | None, limit: int, wait_seconds: float
    ) -> Tail:
        """What has happened since `after`; waits for it when nothing has, unless the call is over.

        Raises `NotFoundError`, `InvalidFieldsError`.
        """
        position = TailPosition.decode(after)
        clock = asyncio.get_running_loop().time
        deadline = clock() + wait_seconds
        while True:
            # In this order: what was written until then is among the events.
            is_over = await self._is_over(tenant_id, call_id)
            found = await self._history.events_since(
                tenant_id, call_id, position.since, limit + len(position.seen) + 1
            )
            news = position.news(found)
            ended = is_over and len(news) <= limit
            if news or ended or clock() >= deadline:
                shown = news[:limit]
                return Tail(shown, position.after(shown).encode(), ended)
            await asyncio.sleep(min(POLL_EVERY_SECONDS, max(0.0, deadline - clock())))

    async def _is_over(self, tenant_id: str, call_id: str) -> bool:
        """And nobody writes about it any more: an agent learns of an end that others saw, and has to tell of
        what was said last."""
        call = await self._calls.get(tenant_id, call_id)
        return call.outcome is not None and not await self._sessions.is_held(tenant_id, call_id)

    async def usage(self, tenant_id: str, first: date, last: date, time_zone: str) -> list[DayUsage]:
        """By day of `time_zone`, both included; counted by Firestore. Raises `InvalidFieldsError`."""
        if last < first:
            raise InvalidFieldsError([("last", "is before the first day")])
        count = (last - first).days + 1
        if count > MAX_USAGE_DAYS:
            raise InvalidFieldsError([("last", f"is more than {MAX_USAGE_DAYS} days after the first")])
        days = [first + timedelta(days=number) for number in range(count)]
        return list(await asyncio.gather(*(self._day(tenant_id, day, ZoneInfo(time_zone)) for day in days)))

    async def _day(self, tenant_id: str, day: date, zone: ZoneInfo) -> DayUsage:
        since = datetime.combine(day, time(), zone)
        until = datetime.combine(day + timedelta(days=1), time(), zone)
        # Apart: a sum leaves out documents that lack the field, from whatever is counted along with it.
        calls, seconds = await asyncio.gather(
            self._history.totals(tenant_id, since, until),
            self._history.sum(tenant_id, "usage.agent_seconds", since, until),
        )
        return DayUsage(day, calls, round(seconds, 1))
