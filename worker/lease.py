"""The right to speak in a room: claimed before anything is said, renewed in the background.

Two agents in one room would both talk and both hear. Whoever holds the session's lease speaks; whoever
loses it is silent from that moment on.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from shared.errors import NotFoundError, TrunklineError, UnavailableError
from shared.models.session import Lease, SessionSnapshot
from shared.services.session_service import LEASE_TTL, LeaseHeldError, LeaseLostError

log = logging.getLogger(__name__)

T = TypeVar("T")

TTL = LEASE_TTL
RENEW_EVERY = 1.5
"""Seconds. Firestore sustains about one write a second to a document; several renewals may fail in a row."""
RENEW_WITHIN = 1.0
"""Seconds for one renewal. One that hangs must leave time for another before the lease ends: the edge takes
an agent whose lease has ended for dead."""
RETRY_AFTER = 0.3
SESSION_APPEARS_WITHIN = 5.0
"""Seconds. The edge creates the room while the snapshot is still being committed."""
ANSWERS_WITHIN = 1.0
"""Seconds in which a Firestore that fails is asked again. A caller may be waiting, and another agent is asked
for when this one leaves."""
WAIT_FOR_LEASE = TTL.total_seconds() + 1
"""Seconds that a second agent stays, silent, in case the first one is gone or about to hand over."""
POLL_EVERY = 0.1


class Leases(Protocol):
    """The part of `SessionManager` that is needed here."""

    async def get_session(self, tenant_id: str, session_id: str) -> SessionSnapshot: ...
    async def claim_lease(
        self, tenant_id: str, session_id: str, owner: str, ttl: timedelta, *, worker: str | None
    ) -> Lease: ...
    async def renew_lease(self, tenant_id: str, session_id: str, lease: Lease, ttl: timedelta) -> Lease: ...
    async def release_lease(self, tenant_id: str, session_id: str, lease: Lease) -> None: ...


async def open_session(
    leases: Leases, tenant_id: str, session_id: str, owner: str, worker: str | None = None
) -> tuple[SessionSnapshot, Lease]:
    """The snapshot and the right to speak, both asked for at once. `owner` runs on `worker`.

    Raises `LeaseHeldError` when another live agent keeps the lease, `NotFoundError` when there is no such
    session, `UnavailableError`.
    """
    snapshot = asyncio.create_task(_insistently(lambda: leases.get_session(tenant_id, session_id)))
    try:
        lease = await _insistently(
            lambda: leases.claim_lease(tenant_id, session_id, owner, TTL, worker=worker)
        )
        try:
            return await snapshot, lease
        except TrunklineError:
            # The next agent is not to wait until it runs out.
            with contextlib.suppress(TrunklineError):
                await leases.release_lease(tenant_id, session_id, lease)
            raise
    finally:
        snapshot.cancel()


async def _insistently(ask: Callable[[], Awaitable[T]]) -> T:
    """The answer of `ask`, which is asked again for as long as a failure may pass."""
    clock = asyncio.get_running_loop().time
    started = clock()
    while True:
        waited = clock() - started
        try:
            return await ask()
        except (NotFoundError, UnavailableError, LeaseHeldError) as error:
            if waited > _may_pass_within(error):
                raise
        await asyncio.sleep(POLL_EVERY)


def _may_pass_within(error: NotFoundError | UnavailableError | LeaseHeldError) -> float:
    match error:
        case NotFoundError():
            return SESSION_APPEARS_WITHIN
        case LeaseHeldError():
            return WAIT_FOR_LEASE
        case UnavailableError():
            return ANSWERS_WITHIN


class LeaseKeeper:
    """Renews a lease until it is released or lost; `on_lost` is called once, from the renewing task.

    While Firestore does not answer nobody can claim the lease either, so an agent that is `alone` in its
    room goes on serving the caller past the lease's end; with another agent there, it yields.
    """

    def __init__(
        self,
        leases: Leases,
        snapshot: SessionSnapshot,
        lease: Lease,
        *,
        alone: Callable[[], bool],
        on_lost: Callable[[], None],
        now: Callable[[], datetime],
    ) -> None:
        self.lease = lease
        self._leases = leases
        self._ids = (snapshot.tenant_id, snapshot.session_id)
        self._alone = alone
        self._on_lost = on_lost
        self._now = now
        self._task = asyncio.create_task(self._renew(), name="lease")

    async def _renew(self) -> None:
        loop = asyncio.get_running_loop()
        valid_until = loop.time() + TTL.total_seconds()
        # One that ran out while its agent was joining the room may be another agent's by now.
        ran_out = self.lease.expires_at <= self._now()
        pause = 0.0 if ran_out else RENEW_EVERY
        while True:
            await asyncio.sleep(pause)
            asked_at = loop.time()
            try:
                async with asyncio.timeout(RENEW_WITHIN):
                    self.lease = await self._leases.renew_lease(*self._ids, self.lease, TTL)
                valid_until, pause = asked_at + TTL.total_seconds(), RENEW_EVERY
            except (LeaseLostError, NotFoundError):
                break
            except (UnavailableError, TimeoutError) as error:
                log.warning("the lease could not be renewed: %r", error)
                pause = RETRY_AFTER
                if loop.time() > valid_until and not self._alone():
                    break
            except Exception:
                log.exception("the lease is not renewed any more")
                break
        self._on_lost()

    async def release(self) -> None:
        """Stop renewing and let the next agent in at once."""
        self.stop()
        await self._leases.release_lease(*self._ids, self.lease)

    def stop(self) -> None:
        self._task.cancel()
