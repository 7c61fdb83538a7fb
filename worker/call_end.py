"""How an agent's part of a call ends outside of this process: it is written down, and the caller led on."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

from shared.errors import TrunklineError
from shared.models.call import FallbackReason, Outcome
from shared.models.session import RoomMetadata, SessionSnapshot
from shared.services.call_service import cause_of_loss
from worker.handover import hand_over
from worker.lease import LeaseKeeper
from worker.services import Services

log = logging.getLogger(__name__)

STEP_ATTEMPTS = 3
STEP_WITHIN = 1.5
"""Seconds for one attempt to write how the call stands, or to end it; the caller may be waiting for it."""


class CallEnd:
    """Of the agent whose lease has that `generation`. None of it raises anything."""

    def __init__(self, services: Services, snapshot: SessionSnapshot, generation: int) -> None:
        self._services = services
        self._snapshot = snapshot
        self._ids = (snapshot.tenant_id, snapshot.session_id)
        self._generation = generation

    async def hang_up(self, outcome: Outcome, at: datetime, usage: dict[str, float]) -> None:
        """The call is over."""
        calls = self._services.calls
        await insist(lambda: calls.end_call(*self._ids, outcome, at, usage, agent=self._generation))
        await insist(self._delete_room)

    async def give_fallback(self, reason: FallbackReason) -> None:
        """The phone edge serves it when the room is gone."""
        calls = self._services.calls
        await insist(lambda: calls.request_fallback(*self._ids, reason, source="worker"))
        await insist(self._delete_room)

    async def hand_over(self, lease: LeaseKeeper, leaver: str) -> None:
        """The caller waits in the room for the next agent; `leaver` is this one's identity there."""
        snapshot = self._snapshot
        ids = RoomMetadata(
            tenant_id=snapshot.tenant_id, agent_id=snapshot.agent_id, session_id=snapshot.session_id
        )
        cause = cause_of_loss(lease.lease)
        await _attempt(lease.release())
        await _attempt(hand_over(self._services, ids, snapshot.room, leaver=leaver, cause=cause))

    async def store_usage(self, usage: dict[str, float]) -> None:
        """Of an agent that leaves the call to others."""
        await _attempt(self._services.calls.store_usage(*self._ids, self._generation, usage))

    async def _delete_room(self) -> None:
        await self._services.livekit.delete_room(self._snapshot.room)


async def insist(step: Callable[[], Coroutine[Any, Any, Any]]) -> None:
    """What the phone edge decides by must be written: without an outcome a goodbye looks like a fault.
    And a caller whose room is not deleted stays in it, with nobody to hear."""
    for _ in range(STEP_ATTEMPTS):
        try:
            async with asyncio.timeout(STEP_WITHIN):
                await step()
        except (TrunklineError, TimeoutError) as error:
            log.warning("not done yet: %r", error)
        except Exception:
            # A fault of ours, which stays; the steps that follow end the call all the same.
            log.exception("a step of the call's end broke")
            return
        else:
            return
    log.error("not done after %d attempts", STEP_ATTEMPTS)


async def _attempt(step: Coroutine[Any, Any, Any]) -> None:
    """Steps that do not depend on each other: one that fails does not keep the next from being tried."""
    try:
        await step
    except TrunklineError as error:
        log.warning("%s failed: %s", step.__qualname__, error)
    except Exception:
        log.exception("%s broke", step.__qualname__)
