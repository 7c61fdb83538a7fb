"""What happens to a call: its states, its events, and an outcome that is written once."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from shared.gateways.firestore import Database, Fields
from shared.models.base import utc_now
from shared.models.call import Call, CallEvent, CallState, FallbackReason, Outcome
from shared.repositories.calls import CallRepository, NamedEvent

EDGE = "edge"
"""The phone edge's name as a source of events."""


class CallService:
    """`now` is the clock, with a time zone. Every method but `get_call` may be repeated freely."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self._calls = CallRepository(database)

    async def get_call(self, tenant_id: str, session_id: str) -> Call:
        """Raises `NotFoundError`."""
        return await self._calls.get(tenant_id, session_id)

    async def mark_answered(
        self, tenant_id: str, session_id: str, at: datetime, *, source: str = "worker"
    ) -> bool:
        """The caller hears the agent. False: answered before, or the call is past that."""

        def answer(call: Call) -> tuple[Fields, list[NamedEvent]]:
            if call.state is not CallState.RINGING:
                return {}, []
            event = _state_event(at, source, CallState.IN_PROGRESS)
            return {"state": CallState.IN_PROGRESS.value, "answered_at": at}, [event]

        return await self._calls.change(tenant_id, session_id, answer)

    async def append_events(self, tenant_id: str, session_id: str, events: Iterable[NamedEvent]) -> None:
        """Write (document id, event) pairs in one batch; writing the same ones again changes nothing."""
        await self._calls.append_events(tenant_id, session_id, events)

    async def read_events(self, tenant_id: str, session_id: str) -> list[NamedEvent]:
        """In the order in which they happened."""
        return await self._calls.read_events(tenant_id, session_id)

    async def end_call(
        self,
        tenant_id: str,
        session_id: str,
        outcome: Outcome,
        at: datetime,
        usage: dict[str, float] | None = None,
        *,
        source: str = "worker",
    ) -> bool:
        """Write the outcome unless somebody has; True for the one who wrote it.

        `usage` is stored either way: the worker may count its tokens after the caller's end was noticed.
        """

        first: list[bool] = []

        def end(call: Call) -> tuple[Fields, list[NamedEvent]]:
            first.append(call.outcome is None)
            counted: Fields = {} if usage is None or usage == call.usage else {"usage": usage}
            if call.outcome is not None:
                return counted, []
            ended: Fields = {
                "state": CallState.ENDED.value,
                "outcome": outcome.value,
                "ended_at": at,
                "active_until": None,
            }
            return counted | ended, [_state_event(at, source, CallState.ENDED, outcome=outcome.value)]

        await self._calls.change(tenant_id, session_id, end)
        return first[-1]

    async def request_fallback(
        self, tenant_id: str, session_id: str, reason: FallbackReason, *, source: str = EDGE
    ) -> bool:
        """Note that the caller must get the fallback, and why. The first reason stays.

        True: this call noted it. False: it was noted before, or the call has ended.
        The caller is served when the Dial ends (delete the room) or when the call is redirected.
        """

        def request(call: Call) -> tuple[Fields, list[NamedEvent]]:
            if call.outcome is not None or call.fallback_reason is not None:
                return {}, []
            changes: Fields = {
                "state": CallState.FALLBACK.value,
                "fallback_reason": reason.value,
                "active_until": None,
            }
            return changes, [_state_event(self._now(), source, CallState.FALLBACK, reason=reason.value)]

        return await self._calls.change(tenant_id, session_id, request)


def _state_event(at: datetime, source: str, state: CallState, **data: Any) -> NamedEvent:
    """A call reaches each state once, so the state names the event."""
    return (
        f"{source}-{state.value}",
        CallEvent(at=at, source=source, kind="state", data={"state": state.value, **data}),
    )
