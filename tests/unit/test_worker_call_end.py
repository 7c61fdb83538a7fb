"""What ends a call outside of its agent's process is done in order, and again when it does not succeed."""

import asyncio
from typing import Any

import pytest

from shared.models.call import CallState, Outcome
from tests.unit.worker_call_rig import Rig, idle_call
from tests.unit.worker_fakes import ROOM
from worker import call_end

pytestmark = pytest.mark.unit


@pytest.fixture
async def rig(monkeypatch: pytest.MonkeyPatch) -> Rig:
    return await idle_call(monkeypatch)


@pytest.mark.parametrize(
    ("error", "known"), [(True, (CallState.FALLBACK, None)), (False, (CallState.ENDED, Outcome.AGENT_ENDED))]
)
async def test_what_became_of_a_call_is_written_before_its_room_is_deleted(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, error: bool, known: Any
) -> None:
    """Twilio asks the phone edge then: a goodbye without an outcome is followed by the fallback."""
    found: list[Any] = []
    delete = rig.services.livekit.delete_room

    async def delete_room(room: str) -> None:
        found.append(await rig.state())
        await delete(room)

    monkeypatch.setattr(rig.services.livekit, "delete_room", delete_room)
    if error:
        rig.call.conversation_closed(error=True)
    else:
        await rig.call.hang_up()
    await asyncio.wait_for(rig.call.serve(), 5)
    assert found == [known]


async def test_a_step_that_gets_no_answer_is_tried_again(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_end, "STEP_WITHIN", 0.05)
    asked = 0
    delete = rig.services.livekit.delete_room

    async def delete_room(room: str) -> None:
        nonlocal asked
        asked += 1
        if asked < call_end.STEP_ATTEMPTS:
            await asyncio.Event().wait()
        await delete(room)

    monkeypatch.setattr(rig.services.livekit, "delete_room", delete_room)
    rig.call.conversation_closed(error=True)
    await asyncio.wait_for(rig.call.serve(), 5)
    assert rig.services.livekit.deleted == [ROOM]


async def test_another_agent_is_asked_for_though_the_lease_could_not_be_given_back(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise ValueError

    monkeypatch.setattr(rig.services.sessions, "release_lease", broken)
    rig.call.conversation_closed(error=False)
    await asyncio.wait_for(rig.call.serve(), 5)
    assert len(rig.services.livekit.dispatches) == 1
