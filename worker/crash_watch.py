"""The worker's main process sees its call processes die, 20 seconds before LiveKit does."""

# livekit's annotations are partial.
# pyright: reportUnknownMemberType=false

import asyncio
import logging
from typing import Any, Protocol

from livekit.agents import AgentServer
from livekit.agents.job import RunningJobInfo

from worker.handover import replace_crashed
from worker.services import Services

log = logging.getLogger(__name__)


class _Process(Protocol):
    """A job's process as livekit-agents' pool tells of it."""

    @property
    def running_job(self) -> RunningJobInfo | None: ...
    @property
    def exitcode(self) -> int | None: ...


class CrashWatch:
    """Has an agent that died in its call replaced."""

    def __init__(self, agent_server: AgentServer, services: Services) -> None:
        self._server = agent_server
        self._services = services
        self._tasks: set[asyncio.Task[None]] = set()
        agent_server.on("worker_started", self._watch)

    def _watch(self, *_: Any) -> None:
        # The pool is made when the server starts, and it alone knows of its processes' ends.
        self._server._proc_pool.on("process_closed", self._on_closed)  # pyright: ignore[reportPrivateUsage]

    def _on_closed(self, process: _Process) -> None:
        job = process.running_job
        if job is None or process.exitcode == 0:
            return
        details = {"job_id": job.job.id, "room": job.job.room.name, "exitcode": process.exitcode}
        log.error("a call's process died", extra=details)
        task = asyncio.create_task(replace_crashed(self._services, job))
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("replacing a crashed agent broke", exc_info=error)

    async def aclose(self) -> None:
        """Wait for replacements under way."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
