"""Is the agent of a call alive? A task looks at its lease whenever that would have run out.

LiveKit takes 20 seconds to notice that an agent died with its machine, and nobody else sees it.
"""

import logging
from datetime import datetime, timedelta

from livekit.protocol.models import ParticipantInfo

from functions.incoming_call.edge import Edge
from functions.incoming_call.tasks import (
    CheckLease,
    all_done,
    clear,
    enqueue_lease_check,
    replace,
)
from shared.errors import NotFoundError
from shared.models.call import Call
from shared.models.session import Lease, RoomMetadata, room_name_for
from shared.participants import is_agent, is_person
from shared.services.call_service import cause_of_loss, needs_agent
from shared.services.session_service import DEAD_AFTER, LEASE_TTL, RELEASED

log = logging.getLogger(__name__)

LEASE_MARGIN = timedelta(seconds=0.2)
"""Beyond the moment: a sign of life in the last instant is seen."""

LATE = timedelta(seconds=0.6)
"""Behind the moment at which an agent counts as dead: a look that comes so late says little."""

STILL_JOINS = timedelta(seconds=4)
"""Beyond the lease's end. By then an agent that does not get in gives up (`JOIN_SECONDS` of the worker)."""

SECOND_LOOK_AFTER = timedelta(seconds=2)
"""For an agent that is handing over, or that was kept from renewing by what kept us from looking."""


async def check_lease(edge: Edge, task: CheckLease) -> None:
    """It lives, or is replaced; looked at whenever it would count as dead if nothing were heard of it."""
    room, following = task.room, task.number + 1
    try:
        lease = (await edge.sessions.get_session(room.tenant_id, room.session_id)).lease
        alive_until = None if lease is None else await edge.sessions.alive_until(lease)
        if alive_until is not None and alive_until > edge.now():
            delay = alive_until - edge.now() + LEASE_MARGIN
            await enqueue_lease_check(edge, room, number=following, delay=delay)
            return
        call = await edge.calls.get_call(room.tenant_id, room.session_id)
    except NotFoundError:
        return
    if not needs_agent(call):
        await _clear_left_over(edge, room, call)
        return
    if lease is not None and lease.expires_at > edge.now() and _is_not_urgent(edge, call, alive_until):
        delay = lease.expires_at - edge.now() + LEASE_MARGIN
        await enqueue_lease_check(edge, room, number=following, delay=delay)
        return
    if lease is not None and lease.generation != task.suspect and _may_be_alive(edge, lease):
        await enqueue_lease_check(
            edge, room, number=following, delay=SECOND_LOOK_AFTER, suspect=lease.generation
        )
        return
    await all_done(
        _replace_dead(edge, room, call, lease),
        enqueue_lease_check(edge, room, number=following, delay=DEAD_AFTER),
    )


def _is_not_urgent(edge: Edge, call: Call, alive_until: datetime | None) -> bool:
    """Wait for the lease's end: the caller hears ringing, and nothing is as busy as a machine on which many
    calls begin; or we look late ourselves, so what we look at may be late as well."""
    return call.answered_at is None or (alive_until is not None and edge.now() - alive_until > LATE)


def _may_be_alive(edge: Edge, lease: Lease) -> bool:
    """It gave the lease back, and somebody is on the way; or we look late, so it may be late as well."""
    return lease.expires_at == RELEASED or edge.now() - lease.expires_at > SECOND_LOOK_AFTER


async def _replace_dead(edge: Edge, room: RoomMetadata, call: Call, lease: Lease | None) -> None:
    """Whoever has been in the room for so long and is not heard of is dead or of no use. Nobody may be: an
    agent can die between its claim of the lease and the room."""
    name = room_name_for(room.session_id)
    participants = await edge.livekit.list_participants(name)
    if not any(is_agent(participant) for participant in participants) and _may_be_joining(edge, call, lease):
        return
    if lease is not None:
        await edge.sessions.release_lease(room.tenant_id, room.session_id, lease)
    since = (edge.now() - (LEASE_TTL if lease is None else DEAD_AFTER)).timestamp() * 1000
    there: list[ParticipantInfo] = []
    chain = cause_of_loss(lease)
    for participant in participants:
        if is_agent(participant) and participant.joined_at_ms < since:
            log.warning("an agent is not heard of any more", extra={"identity": participant.identity})
            await edge.livekit.remove_participant(name, participant.identity)
            chain = participant.sid
        else:
            there.append(participant)
    # By now a caller who is to come has come; without one there may be no room any more either.
    if any(is_person(participant) for participant in there):
        await replace(edge, room, call, lease, there, chain=chain)


def _may_be_joining(edge: Edge, call: Call, lease: Lease | None) -> bool:
    """On a machine on which many calls begin that takes long, and another agent would only make it longer."""
    if call.answered_at is not None or lease is None or lease.expires_at == RELEASED:
        return False
    return edge.now() < lease.expires_at + STILL_JOINS


async def _clear_left_over(edge: Edge, room: RoomMetadata, call: Call) -> None:
    """The agent wrote that its part is over, and is gone; whoever is still in the room hears nobody. It could
    not delete the room, or died before."""
    participants = await edge.livekit.list_participants(room_name_for(room.session_id))
    if any(is_person(participant) for participant in participants):
        log.warning("a caller was left behind in the room", extra={"state": call.state.value})
        await clear(edge, room, call)
