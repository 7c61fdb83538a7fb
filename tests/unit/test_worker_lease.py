"""Who may speak: the first agent, or the next one once the first is gone."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import NotFoundError, UnavailableError
from shared.models.session import Lease, SessionSnapshot
from shared.services.session_service import LeaseHeldError, LeaseLostError
from tests.unit.worker_fakes import snapshot
from tests.waiting import eventually
from worker import lease as lease_module
from worker.lease import (
    RENEW_EVERY,
    RENEW_WITHIN,
    RETRY_AFTER,
    TTL,
    WAIT_FOR_LEASE,
    LeaseKeeper,
    open_session,
)

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LEASE = Lease(owner="job-1", expires_at=NOW, generation=1)
SNAPSHOT = snapshot(caller=None)


class FakeLeases:
    """Raises what is listed for each method, in turn, then succeeds."""

    def __init__(self) -> None:
        self.get: list[Exception] = []
        self.claim: list[Exception] = []
        self.renew: list[Exception] = []
        self.renewed = 0
        self.released: list[Lease] = []
        self.hangs = 0

    async def get_session(self, tenant_id: str, session_id: str) -> SessionSnapshot:
        _raise(self.get)
        return SNAPSHOT

    async def claim_lease(
        self, tenant_id: str, session_id: str, owner: str, ttl: timedelta, *, worker: str | None
    ) -> Lease:
        _raise(self.claim)
        return LEASE

    async def renew_lease(self, tenant_id: str, session_id: str, lease: Lease, ttl: timedelta) -> Lease:
        _raise(self.renew)
        if self.hangs:
            self.hangs -= 1
            await asyncio.Event().wait()
        self.renewed += 1
        return lease

    async def release_lease(self, tenant_id: str, session_id: str, lease: Lease) -> None:
        self.released.append(lease)


def _raise(errors: list[Exception]) -> None:
    if errors:
        raise errors.pop(0)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease_module, "POLL_EVERY", 0.001)
    monkeypatch.setattr(lease_module, "RENEW_EVERY", 0.005)
    monkeypatch.setattr(lease_module, "RENEW_WITHIN", 0.02)
    monkeypatch.setattr(lease_module, "RETRY_AFTER", 0.001)


async def test_a_room_that_is_ahead_of_its_session_waits_for_it() -> None:
    leases = FakeLeases()
    leases.get = [NotFoundError("not yet")] * 3
    leases.claim = [NotFoundError("not yet")] * 2
    assert await open_session(leases, "harbor", "ca1", "job-1") == (SNAPSHOT, LEASE)


async def test_an_agent_takes_over_when_the_other_one_is_gone() -> None:
    leases = FakeLeases()
    leases.claim = [LeaseHeldError("held")] * 4
    assert (await open_session(leases, "harbor", "ca1", "job-2"))[1] == LEASE


async def test_a_firestore_that_fails_for_a_moment_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease_module, "ANSWERS_WITHIN", 60)
    leases = FakeLeases()
    leases.claim = [UnavailableError("down")] * 2
    leases.get = [UnavailableError("down")] * 2
    assert await open_session(leases, "harbor", "ca1", "job-2") == (SNAPSHOT, LEASE)


async def test_an_agent_that_cannot_read_its_session_gives_the_lease_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lease_module, "ANSWERS_WITHIN", 0.01)
    leases = FakeLeases()
    leases.get = [UnavailableError("down")] * 10_000
    with pytest.raises(UnavailableError):
        await open_session(leases, "harbor", "ca1", "job-2")
    assert leases.released == [LEASE]


async def test_an_agent_that_is_not_needed_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease_module, "WAIT_FOR_LEASE", 0.01)
    leases = FakeLeases()
    leases.claim = [LeaseHeldError("held")] * 10_000
    with pytest.raises(LeaseHeldError):
        await open_session(leases, "harbor", "ca1", "job-2")


async def test_a_session_that_never_comes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease_module, "SESSION_APPEARS_WITHIN", 0.01)
    leases = FakeLeases()
    leases.get = leases.claim = [NotFoundError("never")] * 10_000
    with pytest.raises(NotFoundError):
        await open_session(leases, "harbor", "ca1", "job-1")


class Kept:
    def __init__(self, leases: FakeLeases, *, alone: bool = True, left: float = 6.0) -> None:
        """The lease has so many seconds left."""
        self.lost = asyncio.Event()
        self.keeper = LeaseKeeper(
            leases,
            SNAPSHOT,
            LEASE,
            alone=lambda: alone,
            on_lost=self.lost.set,
            now=lambda: LEASE.expires_at - timedelta(seconds=left),
        )


async def test_a_lease_is_renewed_until_it_is_released() -> None:
    leases = FakeLeases()
    kept = Kept(leases)
    await eventually(lambda: leases.renewed >= 3, "three renewals", pause=0.001)
    leases.renew = [LeaseLostError("released")] * 10_000
    await kept.keeper.release()
    assert leases.released == [LEASE]
    await asyncio.wait([kept.keeper._task], timeout=5)
    assert not kept.lost.is_set(), "it was renewed after its release"


async def test_a_renewal_that_hangs_leaves_time_for_another() -> None:
    """The edge takes an agent whose lease has ended for dead, and removes it."""
    leases = FakeLeases()
    leases.hangs = 1
    kept = Kept(leases)
    await eventually(lambda: leases.renewed, "a renewal", pause=0.001)
    kept.keeper.stop()
    assert not kept.lost.is_set()


def test_two_renewals_may_hang_one_after_the_other_before_the_lease_ends() -> None:
    """With the seconds that a call has, not those of these tests."""
    lease = TTL.total_seconds()
    assert lease > RENEW_EVERY + 3 * RENEW_WITHIN + 2 * RETRY_AFTER
    assert RENEW_EVERY > 1, "Firestore takes about one write a second to a document"
    assert lease < WAIT_FOR_LEASE, "who waits for a dead agent's lease is there when it ends"


async def test_an_agent_that_cannot_renew_for_a_fault_of_ours_falls_silent() -> None:
    leases = FakeLeases()
    leases.renew = [RuntimeError("a fault")]
    kept = Kept(leases)
    async with asyncio.timeout(5):
        await kept.lost.wait()


async def test_an_agent_that_was_replaced_is_told_to_be_silent() -> None:
    leases = FakeLeases()
    leases.renew = [LeaseLostError("taken")]
    kept = Kept(leases)
    async with asyncio.timeout(5):
        await kept.lost.wait()


async def test_an_agent_that_joined_late_looks_at_once_whether_it_was_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its lease ran out meanwhile; for as long as it looked later, two agents spoke."""
    monkeypatch.setattr(lease_module, "RENEW_EVERY", 60)
    leases = FakeLeases()
    leases.renew = [LeaseLostError("taken")]
    kept = Kept(leases, left=0.0)
    async with asyncio.timeout(5):
        await kept.lost.wait()


async def test_an_outage_does_not_silence_an_agent_that_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease_module, "TTL", timedelta(seconds=0.01))
    leases = FakeLeases()
    leases.renew = [UnavailableError("down")] * 10
    kept = Kept(leases)
    await eventually(lambda: leases.renewed, "a renewal", pause=0.001)
    kept.keeper.stop()
    assert not kept.lost.is_set()


async def test_a_failure_does_not_silence_an_agent_whose_lease_has_not_ended() -> None:
    leases = FakeLeases()
    leases.renew = [UnavailableError("down")] * 3
    kept = Kept(leases, alone=False)
    await eventually(lambda: leases.renewed or kept.lost.is_set(), "a renewal", pause=0.001)
    kept.keeper.stop()
    assert not kept.lost.is_set()


@pytest.mark.parametrize("renewals", [0, 2])
async def test_in_an_outage_an_agent_yields_to_another_one_in_the_room(
    monkeypatch: pytest.MonkeyPatch, renewals: int
) -> None:
    monkeypatch.setattr(lease_module, "TTL", timedelta(seconds=0.01))
    leases = FakeLeases()
    kept = Kept(leases, alone=False)
    if renewals:
        await eventually(lambda: leases.renewed >= renewals, "renewals before the outage", pause=0)
    leases.renew = [UnavailableError("down")] * 10_000
    async with asyncio.timeout(5):
        await kept.lost.wait()
