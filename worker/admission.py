"""How many calls a worker takes: a number, not a share of the CPU.

A worker that is busy for a moment must not refuse a call that it could serve, because LiveKit offers a
job once: with nobody free at that instant the caller rings for nothing.
"""

from typing import TYPE_CHECKING

from pydantic import ValidationError

from shared.models.session import RoomMetadata, room_name_for

if TYPE_CHECKING:
    from livekit.agents import AgentServer, JobRequest

FULL = 0.7
"""The load that says "no more". LiveKit's `agents.target_load` is 0.7 too: at or above it the server gives
a worker nothing, whatever the worker's own threshold says, so the last call must be taken below it."""


class Admission:
    def __init__(self, max_calls: int) -> None:
        self._max_calls = max_calls

    def load(self, server: "AgentServer") -> float:
        """`FULL` at `max_calls` running calls, less in proportion before."""
        return FULL * len(server.active_jobs) / self._max_calls

    async def on_request(self, request: "JobRequest") -> None:
        """Take the job unless its metadata is not that of a call of ours."""
        if parse_metadata(request.job.metadata, room=request.room.name) is None:
            await request.reject(terminate=True)
        else:
            await request.accept()


def parse_metadata(metadata: str, *, room: str) -> RoomMetadata | None:
    """The ids in a dispatch; None when they are malformed or belong to another room."""
    try:
        ids = RoomMetadata.model_validate_json(metadata)
    except ValidationError:
        return None
    return ids if room_name_for(ids.session_id) == room else None
