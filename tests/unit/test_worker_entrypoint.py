"""An agent that cannot get into its room makes way for another while the phone still rings."""

import asyncio
import ssl
from types import SimpleNamespace
from typing import Any

import pytest

from shared.errors import UnavailableError
from shared.services.session_service import RELEASED
from tests.unit.worker_fakes import CALLER, IDS, ROOM, FakeServices, Rooms
from worker import worker as worker_module
from worker.services import Services
from worker.settings import WorkerSettings

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("firestore_fails", [False, True])
async def test_an_agent_that_does_not_get_into_the_room_gives_its_lease_back(
    monkeypatch: pytest.MonkeyPatch, firestore_fails: bool
) -> None:
    """What keeps it out is told, whatever becomes of the lease."""
    services: Any = await FakeServices(Rooms(CALLER)).start()
    services.settings = SimpleNamespace(worker_id="w1")
    closed: list[bool] = []

    async def aclose() -> None:
        closed.append(True)

    async def never(**_: Any) -> None:
        await asyncio.Event().wait()

    async def unavailable(*_: Any) -> None:
        raise UnavailableError("Firestore: update: DeadlineExceeded")

    if firestore_fails:
        monkeypatch.setattr(services.sessions, "release_lease", unavailable)
    services.aclose = aclose
    monkeypatch.setattr(worker_module, "JOIN_SECONDS", 0.05)
    monkeypatch.setattr(worker_module, "tls_context", ssl.create_default_context)
    monkeypatch.setattr(WorkerSettings, "from_env", lambda: None)
    monkeypatch.setattr(Services, "open", lambda settings, tls: services)
    job = SimpleNamespace(id="job-1", metadata=IDS.model_dump_json(), room=SimpleNamespace(name=ROOM))
    context: Any = SimpleNamespace(job=job, connect=never)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(worker_module.entrypoint(context), 5)

    lease = (await services.sessions.get_session("harbor", "ca1")).lease
    assert (lease.owner, lease.worker) == ("job-1", "w1"), "its worker's heartbeat stands for its machine"
    assert (lease.expires_at == RELEASED) is not firestore_fails
    assert closed == [True]
