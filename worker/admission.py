"""How many calls a worker takes: a number, not a share of the CPU.

A worker that is busy for a moment must not refuse a call that it could serve, because LiveKit offers a
job once: with nobody free at that instant the caller rings for nothing.
"""

# livekit's annotations are partial.
# pyright: reportUnknownMemberType=false

from typing import Any, Literal

from livekit.agents import AgentServer, JobRequest
from pydantic import ValidationError

from shared.models.session import RoomMetadata, room_name_for

FULL = 0.7
"""The load that says "no more". LiveKit's `agents.target_load` is 0.7 too: at or above it the server gives
a worker nothing, whatever the worker's own threshold says, so the last call must be taken below it."""


class CallServer(AgentServer):
    """Takes `max_calls` at a time; the load that it reports is `FULL` then, and less in proportion before."""

    def __init__(self, *, max_calls: int, **options: Any) -> None:
        self._max_calls = max_calls
        self._registered = False
        super().__init__(load_fnc=self._load, load_threshold=FULL, **options)
        self.on("worker_registered", self._on_registered)

    @property
    def running_calls(self) -> int:
        """How many run now."""
        return 0 if self._closed else len(self.active_jobs)

    @property
    def state(self) -> Literal["connecting", "registered", "stopping"]:
        """`registered`: LiveKit knows this worker. `connecting` is also when it has been lost."""
        if self.draining:
            return "stopping"
        return "registered" if self._registered and not self._connecting else "connecting"

    def _on_registered(self, *_: Any) -> None:
        self._registered = True

    def _load(self) -> float:
        return self._load_of(len(self.active_jobs))

    def _load_of(self, calls: int) -> float:
        return FULL * (calls / self._max_calls)  # in this order: exactly FULL when full

    def _get_effective_load(self) -> float:
        # livekit-agents guesses what a job that it has promised to take will cost. Here each costs the same,
        # so several offers in the same instant are counted exactly.
        return self._load_of(len(self.active_jobs) + self._reserved_slots)


async def answer_request(request: JobRequest) -> None:
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
