"""A worker that serves calls says every second that its machine is alive.

Its main process does, beside the calls' own leases: a call's process that is busy for a moment is not taken
for dead while the main process is heard, and a machine that falls silent altogether is noticed soon.
"""

import asyncio
import logging
from collections.abc import Callable

from shared.errors import UnavailableError
from shared.services.session_service import SessionManager

log = logging.getLogger(__name__)

BEAT_EVERY = 1.0
"""Seconds. Firestore sustains about one write a second to a document."""
BEAT_WITHIN = 0.9
"""Seconds for one; one that hangs must not hold up the next."""


class Heartbeat:
    """Beats from when it is made until `stop`; `serving` tells whether there are calls to beat for."""

    def __init__(self, sessions: SessionManager, worker_id: str, *, serving: Callable[[], bool]) -> None:
        self._sessions = sessions
        self._worker_id = worker_id
        self._serving = serving
        self._task = asyncio.create_task(self._beat(), name="heartbeat")

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            if self._serving():
                await self._beat_once()
            await asyncio.sleep(max(0.0, BEAT_EVERY - (loop.time() - began)))

    async def _beat_once(self) -> None:
        try:
            async with asyncio.timeout(BEAT_WITHIN):
                await self._sessions.beat(self._worker_id)
        except (UnavailableError, TimeoutError) as error:
            log.warning("the heartbeat could not be written: %r", error)
        except Exception:
            # Without beats the machine counts as dead whenever one of its calls is busy for a moment.
            log.exception("the heartbeat broke")

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])
