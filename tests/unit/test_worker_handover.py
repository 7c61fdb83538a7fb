"""A caller whose agent leaves or dies gets another one, or the fallback; nobody else gets anything."""

from datetime import timedelta
from typing import Any

import pytest
from livekit.protocol.models import ParticipantInfo

from shared.errors import UnavailableError
from shared.models.call import CallState
from shared.models.releases import Releases, ReleaseShare
from shared.repositories.releases import RELEASES_PATH
from shared.services.call_service import AGENTS_IN_A_ROW
from tests.unit.worker_fakes import CALLER, IDS, LEAVER, ROOM, SUCCESSOR, FakeServices, Rooms
from worker import handover
from worker.handover import hand_over, replace_crashed

pytestmark = pytest.mark.unit

TESTER = ParticipantInfo(identity="tester", kind=ParticipantInfo.Kind.STANDARD)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "SUCCESSOR_WITHIN", 0.01)
    monkeypatch.setattr(handover, "_POLL_EVERY", 0.001)


async def leave(services: Any, cause: str = "generation-1-lost") -> None:
    await hand_over(services, IDS, ROOM, leaver=LEAVER.identity, cause=cause)


@pytest.mark.parametrize("person", [CALLER, TESTER], ids=["on the phone", "in a browser"])
async def test_another_agent_is_asked_for_once(person: ParticipantInfo) -> None:
    services = await FakeServices(Rooms(person, LEAVER)).start()
    await leave(services)
    assert services.livekit.dispatches == [(ROOM, IDS)]
    assert await services.state() is CallState.IN_PROGRESS


async def test_an_agent_that_is_still_listed_but_gone_serves_nobody() -> None:
    gone = ParticipantInfo(
        identity="gone", kind=ParticipantInfo.Kind.AGENT, state=ParticipantInfo.State.DISCONNECTED
    )
    services = await FakeServices(Rooms(CALLER, LEAVER, gone)).start()
    await leave(services)
    assert services.livekit.dispatches == [(ROOM, IDS)]


async def test_agents_that_die_one_after_the_other_lead_to_the_fallback() -> None:
    services = await FakeServices(Rooms(CALLER, LEAVER)).start()
    for generation in range(1, AGENTS_IN_A_ROW + 2):
        services.livekit.rooms[ROOM] = [CALLER, LEAVER]
        await leave(services, f"generation-{generation}-lost")
    assert len(services.livekit.dispatches) == AGENTS_IN_A_ROW
    assert await services.state() is CallState.FALLBACK
    assert services.livekit.deleted == [ROOM]


async def test_a_loss_for_which_another_watch_has_asked_for_an_agent_already_gets_no_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    services = await FakeServices(Rooms(CALLER, LEAVER)).start()

    async def noted(*_: Any) -> None:
        return

    monkeypatch.setattr(services.calls, "note_dispatch", noted)
    await leave(services)
    assert services.livekit.dispatches == []
    assert await services.state() is CallState.IN_PROGRESS


async def test_a_room_without_a_caller_gets_no_agent() -> None:
    services = await FakeServices(Rooms(LEAVER)).start()
    await leave(services)
    assert services.livekit.dispatches == []


async def test_a_room_that_has_another_agent_gets_no_third() -> None:
    services = await FakeServices(Rooms(CALLER, LEAVER, SUCCESSOR)).start()
    await leave(services)
    assert services.livekit.dispatches == []


async def test_calls_of_a_release_that_is_drained_are_handed_to_the_live_one() -> None:
    services = await FakeServices(Rooms(CALLER, LEAVER)).start()
    shares = [ReleaseShare(agent_name="v2", share=100), ReleaseShare(agent_name="trunkline", share=0)]
    services.database.documents[RELEASES_PATH] = Releases(releases=shares).to_firestore()
    await leave(services)
    assert services.livekit.asked == ["v2"]


async def test_with_no_worker_left_the_caller_is_handed_to_the_fallback() -> None:
    services = await FakeServices(Rooms(CALLER, LEAVER, workers=False)).start()
    await leave(services)
    assert len(services.livekit.dispatches) == handover.ATTEMPTS
    assert await services.state() is CallState.FALLBACK
    assert services.livekit.deleted == [ROOM]


class Job:
    """A `RunningJobInfo`, as far as it is asked."""

    def __init__(self, job_id: str) -> None:
        self.job: Any = type("Job", (), {})()
        self.job.id, self.job.metadata = job_id, IDS.model_dump_json()
        self.job.room = type("Room", (), {"name": ROOM})()
        self.accept_arguments: Any = type("Arguments", (), {"identity": LEAVER.identity})()


async def test_a_crashed_agent_loses_its_lease_and_is_replaced() -> None:
    services = await FakeServices(Rooms(CALLER, LEAVER)).start()
    await services.sessions.claim_lease("harbor", "ca1", "job-1", timedelta(minutes=1))
    crashed: Any = Job("job-1")
    await replace_crashed(services, crashed)
    assert len(services.livekit.dispatches) == 1
    taken = await services.sessions.claim_lease("harbor", "ca1", "job-2", timedelta(minutes=1))
    assert taken.generation == 2


async def test_an_agent_that_crashed_before_it_claimed_the_lease_is_replaced() -> None:
    services = await FakeServices(Rooms(CALLER, LEAVER)).start()
    crashed: Any = Job("job-1")
    await replace_crashed(services, crashed)
    assert len(services.livekit.dispatches) == 1


async def test_a_crash_of_an_agent_that_does_not_hold_the_lease_changes_nothing() -> None:
    services = await FakeServices(Rooms(CALLER, LEAVER)).start()
    await services.sessions.claim_lease("harbor", "ca1", "job-2", timedelta(minutes=1))
    crashed: Any = Job("job-1")
    await replace_crashed(services, crashed)
    assert services.livekit.dispatches == []


async def test_a_crash_that_cannot_be_looked_into_harms_no_other_call(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The worker's main process serves them all."""
    services = await FakeServices(Rooms(CALLER, LEAVER)).start()

    async def unavailable(*_: Any) -> None:
        raise UnavailableError("Firestore: get: DeadlineExceeded")

    monkeypatch.setattr(services.sessions, "get_session", unavailable)
    crashed: Any = Job("job-1")
    await replace_crashed(services, crashed)
    assert "a crashed agent could not be replaced" in caplog.text
