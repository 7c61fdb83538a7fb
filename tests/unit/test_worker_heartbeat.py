"""A worker is heard of while it serves calls, whatever becomes of single beats."""

from typing import Any

import pytest

from shared.services.session_service import SessionManager
from tests.fakes import FakeDatabase
from tests.waiting import eventually
from worker import heartbeat as heartbeat_module
from worker.heartbeat import Heartbeat

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat_module, "BEAT_EVERY", 0.002)
    monkeypatch.setattr(heartbeat_module, "BEAT_WITHIN", 0.02)


async def next_beat(database: FakeDatabase) -> None:
    database.documents.pop("workers/w1", None)
    await eventually(lambda: "workers/w1" in database.documents, "a beat", pause=0.001)


async def test_it_beats_only_while_there_are_calls() -> None:
    database: Any = FakeDatabase()
    calls: list[str] = []
    asked = 0

    def serving() -> bool:
        nonlocal asked
        asked += 1
        return bool(calls)

    heartbeat = Heartbeat(SessionManager(database), "w1", serving=serving)
    await eventually(lambda: asked > 2, "two rounds are over", pause=0.001)
    assert database.documents == {}
    calls.append("a call")
    await next_beat(database)
    await heartbeat.stop()


@pytest.mark.parametrize("trouble", ["fails", "hangs", "breaks"])
async def test_it_goes_on_after_beats_that_could_not_be_written(
    trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    database: Any = FakeDatabase()
    commit = database.commit
    heartbeat = Heartbeat(SessionManager(database), "w1", serving=lambda: True)
    await next_beat(database)
    if trouble == "fails":
        database.fails = True
    elif trouble == "hangs":
        database.hang()
    else:
        database.commit = None
    await eventually(lambda: caplog.messages, "a beat that was not written")
    database.commit = commit
    database.revive()
    await next_beat(database)
    await heartbeat.stop()
