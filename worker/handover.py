"""Getting another agent into a room whose agent leaves or has died.

LiveKit notices a dead agent after 20 seconds and replaces none, so the platform does: the agent itself when
its worker is told to stop, the worker's main process when the agent's process dies.
"""

import asyncio
import logging
from typing import TYPE_CHECKING

from shared import telemetry
from shared.errors import TrunklineError
from shared.models.call import FallbackReason
from shared.models.session import RoomMetadata
from shared.participants import is_agent, is_person
from shared.services.call_service import AgentsKeepFailingError, cause_of_loss
from worker.admission import parse_metadata
from worker.services import Services

if TYPE_CHECKING:
    from livekit.agents.job import RunningJobInfo

log = logging.getLogger(__name__)

SUCCESSOR_WITHIN = 1.5
"""Seconds in which a dispatched agent is in the room, else nobody took the job: LiveKit offers it once."""
ATTEMPTS = 3
"""Dispatches before the caller is handed to the fallback."""
_POLL_EVERY = 0.1


async def hand_over(services: Services, ids: RoomMetadata, room: str, *, leaver: str, cause: str) -> None:
    """Dispatch another agent to `room`, as long as a caller is in it; if none comes, give the fallback.

    `leaver` is the identity of the agent that leaves or died, `cause` the `cause_of_loss`: the platform's own
    watch may notice the same thing, and only one of both dispatches first. Raises `UnavailableError`.
    """
    for attempt in range(1, ATTEMPTS + 1):
        people, agents = await _who_is_in(services, room, leaver)
        if not people or agents:
            return
        releases = await services.releases.get()
        named = cause if attempt == 1 else f"{cause}-{attempt}"
        try:
            release = await services.calls.note_dispatch(ids.tenant_id, ids.session_id, named, releases)
        except AgentsKeepFailingError:
            break
        if release is None:
            return
        log.info("asking for another agent", extra={"cause": cause, "attempt": attempt, "release": release})
        await services.livekit.create_dispatch(room, ids, release)
        if await _successor_comes(services, room, leaver):
            return
    log.warning("no other agent serves the call", extra={"cause": cause})
    await services.calls.request_fallback(
        ids.tenant_id, ids.session_id, FallbackReason.AGENT_LOST, source="worker"
    )
    await services.livekit.delete_room(room)


async def replace_crashed(services: Services, job: "RunningJobInfo") -> None:
    """The process of `job` died: end its lease and get another agent, unless the call is over."""
    ids = parse_metadata(job.job.metadata, room=job.job.room.name)
    if ids is None:
        return
    with telemetry.bind(tenant_id=ids.tenant_id, session_id=ids.session_id):
        try:
            await _replace(services, ids, job)
        except TrunklineError:
            log.exception("a crashed agent could not be replaced")


async def _replace(services: Services, ids: RoomMetadata, job: "RunningJobInfo") -> None:
    lease = (await services.sessions.get_session(ids.tenant_id, ids.session_id)).lease
    if lease is not None and lease.owner != job.job.id:
        return
    if lease is not None:
        await services.sessions.release_lease(ids.tenant_id, ids.session_id, lease)
    leaver = job.accept_arguments.identity
    await hand_over(services, ids, job.job.room.name, leaver=leaver, cause=cause_of_loss(lease))


async def _successor_comes(services: Services, room: str, leaver: str) -> bool:
    deadline = asyncio.get_running_loop().time() + SUCCESSOR_WITHIN
    while asyncio.get_running_loop().time() < deadline:
        _, agents = await _who_is_in(services, room, leaver)
        if agents:
            return True
        await asyncio.sleep(_POLL_EVERY)
    return False


async def _who_is_in(services: Services, room: str, leaver: str) -> tuple[int, int]:
    """How many (people, agents other than `leaver`) are in the room."""
    everybody = await services.livekit.list_participants(room)
    return sum(map(is_person, everybody)), sum(is_agent(p) and p.identity != leaver for p in everybody)
