"""The watchdog of a call: is an agent there, and was the call ended? Whether it lives: `watch_lease.py`.

All are Cloud Tasks: delivered at least once, so each step looks first whether it is still needed.
"""

import asyncio
import logging
from collections.abc import Awaitable
from datetime import timedelta
from typing import Literal

from livekit.protocol.models import ParticipantInfo
from pydantic import BaseModel, ConfigDict

from functions.incoming_call.edge import Edge
from functions.incoming_call.outcomes import (
    outcome_when_agent_died,
    outcome_when_caller_left,
    outcome_without_fallback,
)
from functions.incoming_call.twiml import FALLBACK_PATH, callback_url
from shared.errors import NotFoundError, UnavailableError
from shared.models.call import Call, CallState, FallbackReason, Outcome
from shared.models.session import Lease, RoomMetadata, room_name_for
from shared.participants import is_agent, is_person
from shared.services.call_service import AgentsKeepFailingError, cause_of_loss, needs_agent
from shared.services.session_service import DEAD_AFTER

log = logging.getLogger(__name__)

CHECK_AFTER = timedelta(seconds=1)
"""An agent that was asked for is there within 0.4 s; after a second it will not come."""

CHECKS_AT_START = 4
"""Then the caller, who has heard ringing, gets the fallback."""

CHECKS_IN_CALL = 2
"""Then the caller, who has heard silence, gets the fallback."""

TWILIO_SPEAKS_FIRST = timedelta(seconds=10)
"""Twilio knows best how a call ended; only then do we conclude it from the room."""

CLOSE_MARGIN = timedelta(seconds=30)
"""Beyond the moment at which a call stops counting as active."""

ENSURE_AGENT = "ensure-agent"
CHECK_LEASE = "check-lease"
CLOSE_CALL = "close-call"


class EnsureAgent(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    room: RoomMetadata
    chain: str
    """What the checks follow: "start", or the agent that left."""
    attempt: int


class CheckLease(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    room: RoomMetadata
    number: int
    """Of the checks of this call, one after the other."""
    suspect: int = 0
    """The generation of a lease that is looked at a second time."""


class CloseCall(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    room: RoomMetadata
    cause: Literal["room-finished", "caller-left", "overdue"]


async def enqueue_check(edge: Edge, room: RoomMetadata, chain: str, attempt: int) -> None:
    task = EnsureAgent(room=room, chain=chain, attempt=attempt)
    await _enqueue(edge, ENSURE_AGENT, task, f"{room.session_id}-{chain}-{attempt}", CHECK_AFTER)


async def begin_watch(edge: Edge, room: RoomMetadata) -> None:
    """A look at the room in a second: by a task, or here when none can be had."""
    try:
        await enqueue_check(edge, room, chain="start", attempt=1)
    except UnavailableError as error:
        log.warning("nobody else can look", extra={"reason": str(error)})
        await asyncio.sleep(CHECK_AFTER.total_seconds())
        await ensure_agent(edge, EnsureAgent(room=room, chain="start", attempt=1))


async def enqueue_lease_check(
    edge: Edge, room: RoomMetadata, *, number: int, delay: timedelta, suspect: int = 0
) -> None:
    task = CheckLease(room=room, number=number, suspect=suspect)
    await _enqueue(edge, CHECK_LEASE, task, f"{room.session_id}-lease-{number}", delay)


async def enqueue_close(
    edge: Edge,
    room: RoomMetadata,
    cause: Literal["room-finished", "caller-left", "overdue"],
    delay: timedelta,
) -> None:
    task = CloseCall(room=room, cause=cause)
    await _enqueue(edge, CLOSE_CALL, task, f"{room.session_id}-{cause}", delay)


async def _enqueue(edge: Edge, target: str, task: BaseModel, name: str, delay: timedelta) -> None:
    """`name` makes it unique: the same event delivered twice enqueues once."""
    url = f"{edge.settings.public_url}/api/v1/tasks/{target}"
    audience = edge.settings.public_url
    await edge.tasks.enqueue(url, task.model_dump(), name=name, delay=delay, audience=audience)


async def ensure_agent(edge: Edge, task: EnsureAgent) -> None:
    """An agent is in the room, or is asked for once more, or the caller gets the fallback."""
    room = task.room
    try:
        call = await edge.calls.get_call(room.tenant_id, room.session_id)
    except NotFoundError:
        await _await_call(edge, task)
        return
    if not needs_agent(call):
        await clear(edge, room, call)
        return
    steps: list[Awaitable[None]] = [_look_for_agent(edge, task, call)]
    if task.chain == "start" and call.active_until is not None:
        steps.append(enqueue_close(edge, room, "overdue", call.active_until + CLOSE_MARGIN - edge.now()))
    await all_done(*steps)


async def _look_for_agent(edge: Edge, task: EnsureAgent, call: Call) -> None:
    room = task.room
    participants = await edge.livekit.list_participants(room_name_for(room.session_id))
    here = any(is_agent(participant) for participant in participants)
    if here or (task.chain == "start" and await _is_on_its_way(edge, room)):
        # From now on its lease tells whether it is alive.
        await enqueue_lease_check(edge, room, number=1, delay=DEAD_AFTER)
        return
    checks = CHECKS_AT_START if task.chain == "start" else CHECKS_IN_CALL
    if task.attempt >= checks:
        await _give_up(edge, room, call)
        return
    await _ask_again(edge, room, call, chain=task.chain, attempt=task.attempt + 1)


async def _await_call(edge: Edge, task: EnsureAgent) -> None:
    """The room is there and the call is not: its commit is slow, or it failed and the room is not needed."""
    if task.attempt < CHECKS_AT_START:
        await enqueue_check(edge, task.room, task.chain, task.attempt + 1)
    else:
        log.warning("a room without a call is closed")
        await edge.livekit.delete_room(room_name_for(task.room.session_id))


async def _is_on_its_way(edge: Edge, room: RoomMetadata) -> bool:
    """An agent has claimed the lease and is about to join; on a busy machine another would only delay it."""
    try:
        lease = (await edge.sessions.get_session(room.tenant_id, room.session_id)).lease
    except NotFoundError:
        return False
    return lease is not None and await edge.sessions.alive_until(lease) > edge.now()


async def replace_agent(edge: Edge, room: RoomMetadata, call: Call, left: ParticipantInfo) -> None:
    """An agent left a call that still needs one: ask for another at once."""
    participants = await edge.livekit.list_participants(room_name_for(room.session_id))
    others = [participant for participant in participants if participant.sid != left.sid]
    lease = (await edge.sessions.get_session(room.tenant_id, room.session_id)).lease
    await replace(edge, room, call, lease, others, chain=left.sid)


async def replace(
    edge: Edge,
    room: RoomMetadata,
    call: Call,
    lease: Lease | None,
    there: list[ParticipantInfo],
    *,
    chain: str,
) -> None:
    """Ask for an agent unless one is `there`, or nobody is there any more who would talk to it."""
    caller_is_there = any(is_person(participant) for participant in there)
    if call.state is CallState.IN_PROGRESS and not caller_is_there:
        return
    if any(is_agent(participant) for participant in there):
        return
    log.warning("the agent left during the call")
    await _ask_again(edge, room, call, chain=chain, attempt=1, cause=cause_of_loss(lease))


async def _ask_again(
    edge: Edge, room: RoomMetadata, call: Call, *, chain: str, attempt: int, cause: str | None = None
) -> None:
    """`cause` is set when others may ask for the same agent; the first one does."""
    await all_done(
        _dispatch(edge, room, call, cause or f"{chain}-{attempt}"), enqueue_check(edge, room, chain, attempt)
    )


async def _dispatch(edge: Edge, room: RoomMetadata, call: Call, cause: str) -> None:
    releases = await edge.releases.get()
    try:
        release = await edge.calls.note_dispatch(room.tenant_id, room.session_id, cause, releases)
    except AgentsKeepFailingError as error:
        log.error("no further agent is asked for", extra={"reason": str(error)})
        await _give_up(edge, room, call)
        return
    if release is not None:
        await edge.livekit.create_dispatch(room_name_for(room.session_id), room, release)


async def all_done(*steps: Awaitable[None]) -> None:
    """All at once, each whatever becomes of the others; then the first failure is raised.

    An agent must not wait for Cloud Tasks, and comes without it. What failed is asked for again: whoever
    delivered a request does so once more after an error, or when we die over it.
    """
    for failure in await asyncio.gather(*steps, return_exceptions=True):
        if failure is not None:
            raise failure


async def _give_up(edge: Edge, room: RoomMetadata, call: Call) -> None:
    reason = FallbackReason.NO_AGENT if call.answered_at is None else FallbackReason.AGENT_LOST
    await edge.calls.request_fallback(room.tenant_id, room.session_id, reason)
    await clear(edge, room, await edge.calls.get_call(room.tenant_id, room.session_id))


async def clear(edge: Edge, room: RoomMetadata, call: Call) -> None:
    """Nobody needs the room any more. A caller who is still in it is led to the fallback.

    There are two ways to it: Twilio is told to go there, or its Dial ends with the room. In this order, and
    both: the first is refused for a call that still rings, the second takes the agent's side down as well.
    A test call has no phone leg to lead anywhere: it ends here.
    """
    if call.state is CallState.FALLBACK and call.source == "web":
        await _end(edge, room, call, outcome_without_fallback(call))
    elif call.state is CallState.FALLBACK and call.fallback_served is None:
        url = callback_url(edge.settings, FALLBACK_PATH, tenant=room.tenant_id)
        try:
            await edge.twilio.redirect_call(call.call_sid, url)
        except UnavailableError as error:
            log.error("the call could not be redirected", extra={"reason": str(error)})
    await edge.livekit.delete_room(room_name_for(room.session_id))


async def close_call(edge: Edge, task: CloseCall) -> None:
    """Whatever happened, the call has an outcome and its room is gone."""
    room = task.room
    try:
        call = await edge.calls.get_call(room.tenant_id, room.session_id)
    except NotFoundError:
        await edge.livekit.delete_room(room_name_for(room.session_id))
        return
    if call.state is CallState.FALLBACK and call.source == "phone":
        return  # the caller is with a person or the voicemail: Twilio will tell when that ends, or is asked
    if call.state is CallState.FALLBACK and call.source == "web":
        outcome = outcome_without_fallback
    else:
        outcome = outcome_when_caller_left if task.cause == "caller-left" else outcome_when_agent_died
    await _end(edge, room, call, outcome(call))
    await edge.livekit.delete_room(room_name_for(room.session_id))


def overdue(tenant_id: str, call: Call) -> CloseCall:
    room = RoomMetadata(tenant_id=tenant_id, agent_id=call.agent_id, session_id=call.session_id)
    return CloseCall(room=room, cause="overdue")


async def _end(edge: Edge, room: RoomMetadata, call: Call, outcome: Outcome) -> None:
    if call.outcome is None:
        await edge.calls.end_call(room.tenant_id, room.session_id, outcome, edge.now(), source="edge")
