"""What happens to a call: its states, its events, and an outcome that is written once."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Literal

from shared.errors import AlreadyExistsError, TrunklineError
from shared.gateways.firestore import Database, Fields, Write
from shared.models.base import utc_now
from shared.models.call import Call, CallEvent, CallState, EventKind, FallbackReason, Outcome, Voicemail
from shared.models.recording import StoredRecording
from shared.models.releases import Releases
from shared.models.session import Lease, SessionSnapshot
from shared.repositories.calls import CallRepository, NamedEvent
from shared.repositories.recordings import RecordingRepository

EDGE = "edge"
"""The phone edge's name as a source of events."""

MOST_AGENTS = 12
"""Asked for in one call. An agent that dies again and again is not worth another try."""

AGENTS_IN_A_ROW, A_ROW = 4, timedelta(seconds=20)
"""Asked for within that time, whoever asks and whatever became of them; then the caller gets the fallback.

The next agent is there, or dead as well, after 0.7 s: so many are 3 s of ringing or silence, and one that
lives for five seconds each time has interrupted the caller often enough. One loss takes up to three where
nobody has a free place.
"""

FallbackKind = Literal["forward", "voicemail", "say"]

SERVED: dict[FallbackKind, str] = {
    "forward": "The caller is forwarded to a person.",
    "voicemail": "The caller is asked to leave a message.",
    "say": "The caller hears a message.",
}
"""What the call's events tell of a fallback that was asked for before."""


class AgentsKeepFailingError(TrunklineError):
    """No further agent is asked for in this call: the caller is to get the fallback."""


class CallService:
    """`now` is the clock, with a time zone. Every method may be repeated: the second time changes nothing.

    All raise `UnavailableError`, and `NotFoundError` for a call that does not exist.
    """

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self._database = database
        self._calls = CallRepository(database)
        self._recordings = RecordingRepository(database)

    async def get_call(self, tenant_id: str, session_id: str) -> Call:
        return await self._calls.get(tenant_id, session_id)

    async def mark_answered(
        self, tenant_id: str, session_id: str, at: datetime, *, source: str = "worker"
    ) -> bool:
        """The caller hears the agent. False: answered before, or the call is past that."""

        def answer(call: Call) -> tuple[Fields, list[NamedEvent]]:
            if call.state is not CallState.RINGING:
                return {}, []
            event = state_event(at, source, CallState.IN_PROGRESS)
            return {"state": CallState.IN_PROGRESS.value, "answered_at": at}, [event]

        return await self._calls.change(tenant_id, session_id, answer)

    async def is_surplus(self, snapshot: SessionSnapshot) -> bool:
        """Whether as many calls as the tenant may have were there before this one.

        The edge looks for a free place, then commits: calls that come in at the same instant may all see the
        last one. Asked after the commit, the later ones among them learn that it is taken.
        """
        limit, now = snapshot.max_concurrent_calls, self._now()
        if await self._calls.count_active(snapshot.tenant_id, now) <= limit:
            return False
        place = (snapshot.started_at, snapshot.session_id)
        active = await self._calls.active(snapshot.tenant_id, now)
        return sum((call.started_at, call.session_id) < place for call in active) >= limit

    async def append_events(
        self,
        tenant_id: str,
        session_id: str,
        events: Iterable[NamedEvent],
        *,
        expires_at: datetime | None = None,
    ) -> None:
        """Write (document id, event) pairs in one commit; writing the same ones again changes nothing.

        `expires_at` is the events' TTL: pass the session's.
        """
        await self._calls.append_events(tenant_id, session_id, events, expires_at)

    async def read_events(self, tenant_id: str, session_id: str) -> list[NamedEvent]:
        """In the order in which they happened."""
        return await self._calls.read_events(tenant_id, session_id)

    async def note_dispatch(
        self, tenant_id: str, session_id: str, cause: str, releases: Releases
    ) -> str | None:
        """About to ask for an agent once more: of the release that is returned.

        None: done for this cause before, or nobody needs one. Raises `AgentsKeepFailingError`.
        """
        chosen: list[str] = []

        def note(call: Call) -> tuple[Fields, list[NamedEvent]]:
            if not needs_agent(call) or cause in call.dispatches:
                return {}, []
            now = self._now()
            in_a_row = sum(now - at < A_ROW for at in call.dispatched_at)
            if in_a_row >= AGENTS_IN_A_ROW or len(call.dispatches) >= MOST_AGENTS:
                raise AgentsKeepFailingError(f"{len(call.dispatches)} agents, {in_a_row} of them just now")
            causes = [*call.dispatches, cause]
            chosen.append(releases.for_replacement(call.agent_name, len(call.dispatches)))
            event = dispatch_event(now, causes, chosen[-1])
            return {"dispatches": causes, "dispatched_at": [*call.dispatched_at, now]}, [event]

        noted = await self._calls.change(tenant_id, session_id, note)
        return chosen[-1] if noted else None

    async def request_fallback(
        self, tenant_id: str, session_id: str, reason: FallbackReason, *, source: str = EDGE
    ) -> bool:
        """Note that the caller must get the fallback, and why. The first reason stays.

        True: noted now. False: noted before, or the call has ended. The caller is served when the Dial ends
        (delete the room) or when the call is redirected.
        """

        def request(call: Call) -> tuple[Fields, list[NamedEvent]]:
            if not needs_agent(call):
                return {}, []
            event = state_event(self._now(), source, CallState.FALLBACK, reason=reason.value)
            return _in_fallback(reason), [event]

        return await self._calls.change(tenant_id, session_id, request)

    async def serve_fallback(
        self, tenant_id: str, call: Call, reason: FallbackReason, kind: FallbackKind, *, is_new: bool
    ) -> None:
        """The caller is being given the fallback. `is_new`: nothing is known to be stored of the call yet."""
        event_id = f"{EDGE}-fallback-{kind}"

        def event(reason: FallbackReason, *, known: bool = False) -> NamedEvent:
            """`known`: that the call is in fallback is told already."""
            state = {"state": CallState.FALLBACK.value, "reason": reason.value}
            data = ({"text": SERVED[kind]} if known else state) | {"serves": kind}
            kind_of_event: EventKind = "notice" if known else "state"
            return event_id, CallEvent(at=self._now(), source=EDGE, kind=kind_of_event, data=data)

        def serve(call: Call) -> tuple[Fields, list[NamedEvent]]:
            if call.outcome is not None or call.fallback_served is not None:
                return {}, []
            first = call.fallback_reason or reason
            known = call.state is CallState.FALLBACK
            return _in_fallback(first) | {"fallback_served": kind}, [event(first, known=known)]

        if is_new:
            served = call.model_copy(update={**_in_fallback(reason), "fallback_served": kind})
            # It exists when the webhook came twice at once, or its session was committed after all.
            with suppress(AlreadyExistsError):
                await self._calls.create(tenant_id, served, [event(reason)])
                return
        await self._calls.change(tenant_id, call.session_id, serve)

    async def store_voicemail(self, tenant_id: str, session_id: str, voicemail: Voicemail) -> bool:
        """Also after the call has ended: a recording may be announced late. The first one stays.

        A caller who was led to the voicemail twice leaves two: the second is not shown, but noted, so that it
        goes from Twilio as well.
        """
        second: list[Write] = []

        def note(call: Call) -> list[Write]:
            if call.expires_at is None:
                return []
            recording = StoredRecording(session_id=session_id, delete_after=call.expires_at)
            return [self._recordings.note(tenant_id, voicemail.recording_sid, recording)]

        def store(call: Call) -> tuple[Fields, list[NamedEvent]]:
            if call.voicemail is not None:
                if call.voicemail.recording_sid != voicemail.recording_sid:
                    second[:] = note(call)
                return {}, []
            data = {"text": "The caller left a message.", "seconds": voicemail.seconds}
            event = CallEvent(at=self._now(), source="twilio", kind="notice", data=data)
            return {"voicemail": voicemail.to_firestore()}, [("twilio-voicemail", event)]

        stored = await self._calls.change(tenant_id, session_id, store, along=note)
        if second:
            await self._database.commit(second)
        return stored

    async def end_call(
        self,
        tenant_id: str,
        session_id: str,
        outcome: Outcome,
        at: datetime,
        usage: dict[str, float] | None = None,
        *,
        source: str = "worker",
        agent: int = 1,
        along: Sequence[Write] = (),
    ) -> bool:
        """Write the outcome unless somebody has; True for the one who wrote it, in one commit with `along`.

        `usage` is the agent's of generation `agent`. It is stored either way: the worker may count its tokens
        after the caller's end was noticed.
        """
        first = False

        def end(call: Call) -> tuple[Fields, list[NamedEvent]]:
            nonlocal first
            first = call.outcome is None
            counted = {} if usage is None else _with_usage(call, agent, usage)
            if not first:
                return counted, []
            ended: Fields = {
                "state": CallState.ENDED.value,
                "outcome": outcome.value,
                "ended_at": at,
                "active_until": None,
            }
            return counted | ended, [state_event(at, source, CallState.ENDED, outcome=outcome.value)]

        await self._calls.change(
            tenant_id, session_id, end, along=lambda call: list(along) if call.outcome is None else []
        )
        return first

    async def store_usage(self, tenant_id: str, session_id: str, agent: int, usage: dict[str, float]) -> bool:
        """Of an agent that leaves a call that goes on. The same agent's counts only once."""

        def count(call: Call) -> tuple[Fields, list[NamedEvent]]:
            return _with_usage(call, agent, usage), []

        return await self._calls.change(tenant_id, session_id, count)


def _with_usage(call: Call, agent: int, usage: dict[str, float]) -> Fields:
    by_agent = {**call.agent_usage, str(agent): usage}
    if by_agent == call.agent_usage:
        return {}
    kinds = {kind for used in by_agent.values() for kind in used}
    total = {kind: sum(used.get(kind, 0.0) for used in by_agent.values()) for kind in sorted(kinds)}
    return {"agent_usage": by_agent, "usage": total}


def cause_of_loss(lease: Lease | None) -> str:
    """The cause of the first dispatch after the agent with that lease is lost, by whom- and however it is
    noticed: its worker and the phone edge ask for one successor between them."""
    return f"generation-{lease.generation if lease else 0}-lost"


def needs_agent(call: Call) -> bool:
    """Whether the caller is still with the agent, or waiting for it."""
    return call.state in (CallState.RINGING, CallState.IN_PROGRESS)


def state_event(at: datetime, source: str, state: CallState, **data: Any) -> NamedEvent:
    """A call reaches each state once, so the state names the event."""
    event = CallEvent(at=at, source=source, kind="state", data={"state": state.value, **data})
    return f"{source}-{state.value}", event


def dispatch_event(at: datetime, causes: list[str], agent_name: str) -> NamedEvent:
    data = {"attempt": len(causes), "cause": causes[-1], "agent_name": agent_name}
    return f"{EDGE}-dispatch-{len(causes):06}", CallEvent(at=at, source=EDGE, kind="dispatch", data=data)


def _in_fallback(reason: FallbackReason) -> Fields:
    return {"state": CallState.FALLBACK, "fallback_reason": reason, "active_until": None}
