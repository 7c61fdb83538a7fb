"""Everything that the worker does to a call, written to the call's events in batches.

Events get their ids and order here, so a batch that is written twice changes nothing. Writing never holds
up the conversation; what cannot be written is kept, within a bound, and tried again.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import chain, repeat
from typing import Any

from shared.errors import UnavailableError
from shared.models.call import CallEvent, EventKind
from shared.repositories.calls import NamedEvent
from worker.storable import storable

log = logging.getLogger(__name__)

Write = Callable[[list[NamedEvent]], Awaitable[None]]

BATCH_EVENTS = 100
"""At most so many in a commit, and no waiting once so many have come together."""
BATCH_SECONDS = 0.5
"""How long an event waits for others: what a replacement agent may miss of the conversation."""
RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0)
"""Pauses after failed writes; the last one repeats."""
MAX_PENDING = 2000
"""Beyond it the oldest are dropped, and a notice tells how many."""
MAX_TEXT = 4000
"""Characters of one spoken turn that are kept."""


@dataclass
class _Noted:
    name: str
    source: str
    at: datetime
    kind: EventKind
    data: dict[str, Any]

    @cached_property
    def event(self) -> CallEvent:
        """Made when it is written: while it is noted, the model may be waiting for a function's result."""
        return CallEvent(at=self.at, source=self.source, kind=self.kind, data=storable(self.data))


class CallLog:
    """`write` stores a batch and raises `UnavailableError`; `now` is the clock, with a time zone."""

    def __init__(self, write: Write, *, generation: int, now: Callable[[], datetime]) -> None:
        self._write = write
        self._source = f"worker-{generation}"
        self._now = now
        self._number = 0
        self._dropped = 0
        self._pending: deque[_Noted] = deque()
        self._due = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._writing = asyncio.Lock()
        self._task = asyncio.create_task(self._write_batches(), name="call-log")

    def turn(
        self,
        speaker: str,
        text: str,
        *,
        interrupted: bool = False,
        at: datetime | None = None,
        heard: tuple[float, float] | None = None,
    ) -> None:
        """`heard`: seconds since the caller's voice began, and since it was last heard."""
        now = self._now()
        # It is told of when it is over: what has passed since `at` is how long it took.
        began, ended = at or now, now
        voice: dict[str, str] = {}
        if heard is not None:
            began, ended = (now - timedelta(seconds=ago) for ago in heard)
            # Not `at`, which is where the turn stands among the others, whatever noise is on the line.
            voice = {"voice_from": _text(began), "voice_until": _text(ended)}
        seconds = round(max(0.0, (ended - began).total_seconds()), 2)
        self.add(
            "turn",
            at=at,
            speaker=speaker,
            text=text[:MAX_TEXT],
            interrupted=interrupted,
            seconds=seconds,
            **voice,
        )

    def notice(self, text: str, **explanation: Any) -> None:
        self.add("notice", text=text, **explanation)

    def timing(self, name: str, milliseconds: float) -> None:
        milliseconds = round(milliseconds, 1)
        self.add("timing", name=name, milliseconds=milliseconds)
        # Alerts are counted from this line: infra/terraform/modules/observability.
        log.info("a step of the call was reached", extra={"step": name, "milliseconds": milliseconds})

    def add(self, kind: EventKind, *, at: datetime | None = None, **data: Any) -> None:
        self._number += 1
        noted = _Noted(f"{self._source}-{self._number:06d}", self._source, at or self._now(), kind, data)
        self._make_room()
        self._pending.append(noted)
        if len(self._pending) == 1:  # the writer, woken now, would take its turn ahead of a reply
            self._timer = asyncio.get_running_loop().call_later(BATCH_SECONDS, self._due.set)
        if len(self._pending) >= BATCH_EVENTS:
            self._due.set()

    async def flush(self, seconds: float = 3.0) -> bool:
        """Write all that is pending now. False: it could not be written within `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                for pause in chain(RETRY_SECONDS, repeat(RETRY_SECONDS[-1])):
                    if await self._write_all():
                        return True
                    await asyncio.sleep(pause)
        except TimeoutError:
            log.warning("%d events of the call could not be written", len(self._pending))
        return False

    async def close(self) -> None:
        """Stop writing in the background and write the rest."""
        self._task.cancel()
        await self.flush()

    async def _write_batches(self) -> None:
        failures = 0
        while True:
            await self._due.wait()
            if await self._write_all():
                failures = 0
            else:
                await asyncio.sleep(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)])
                failures += 1

    async def _write_all(self) -> bool:
        """False: a write failed, and its events are still pending."""
        async with self._writing:
            if self._dropped:
                self._make_room()  # the notice needs a place, too
                dropped, self._dropped = self._dropped, 0
                self.notice("events were dropped because they could not be written", count=dropped)
            while self._pending:
                batch = [self._pending[i] for i in range(min(BATCH_EVENTS, len(self._pending)))]
                try:
                    await self._write([(noted.name, noted.event) for noted in batch])
                except UnavailableError as error:
                    log.warning("a batch of %d events could not be written: %s", len(batch), error)
                    return False
                except Exception:
                    # A fault of ours, which writing again would only repeat. Later events do not wait for it.
                    log.exception("a batch of %d events cannot be written", len(batch))
                    self._dropped += len(batch)
                self._forget(batch)
            self._due.clear()
            if self._timer is not None:
                self._timer.cancel()  # what comes next waits as long for others
            return True

    def _make_room(self) -> None:
        if len(self._pending) >= MAX_PENDING:
            self._pending.popleft()
            self._dropped += 1

    def _forget(self, written: list[_Noted]) -> None:
        """Take the written events off; some may have been dropped for room meanwhile."""
        last = written[-1].name
        while self._pending and self._pending[0].name <= last:
            self._pending.popleft()


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
