"""A caller who hangs up, a line that breaks, and a room that is joined anew are three different things.

When the connection to LiveKit is made anew, livekit-rtc reports everybody in the room as gone, without
a reason, and then as come: a call must not end with that.
"""

import asyncio
from typing import Any

import pytest
from livekit import rtc

from tests.unit.worker_fakes import PHONE, FakeParticipant, FakeRoom
from tests.waiting import eventually
from worker import caller as caller_module
from worker.caller import Caller, other_agents

pytestmark = pytest.mark.unit

BROWSER = rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD
AGENT = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
HUNG_UP, BROKE = rtc.DisconnectReason.CLIENT_INITIATED, rtc.DisconnectReason.CONNECTION_TIMEOUT


async def present(kind: int = PHONE) -> tuple[FakeRoom, Caller, FakeParticipant, list[bool]]:
    left: list[bool] = []
    room: Any = FakeRoom()
    caller, participant = Caller(room, left.append), FakeParticipant(kind)
    room.comes(participant)
    assert await caller.arrives() == participant.identity
    return room, caller, participant, left


@pytest.mark.parametrize(
    ("kind", "reason", "hung_up"), [(PHONE, HUNG_UP, True), (PHONE, BROKE, False), (BROWSER, BROKE, True)]
)
async def test_a_caller_who_left_hung_up_or_lost_the_line(kind: int, reason: int, hung_up: bool) -> None:
    room, _, participant, left = await present(kind)
    room.goes(participant, reason)
    assert left == [hung_up]


async def test_whoever_else_comes_and_goes_is_not_the_caller() -> None:
    left: list[bool] = []
    room: Any = FakeRoom()
    caller, agent = Caller(room, left.append), FakeParticipant(AGENT, identity="agent-2")
    room.comes(agent)
    arriving = asyncio.create_task(caller.arrives())
    await asyncio.sleep(0)
    assert other_agents(room) == [agent]
    participant = FakeParticipant()
    room.comes(participant)
    assert await arriving == participant.identity
    assert other_agents(room) == [agent]
    second = FakeParticipant(identity="sip_+14155550199")
    room.comes(second)
    for somebody in (second, agent):
        room.goes(somebody, HUNG_UP)
    assert (left, caller.participant) == ([], participant)


@pytest.mark.parametrize(
    ("kind", "status", "listens"),
    [(PHONE, None, False), (PHONE, "ringing", False), (PHONE, "active", True), (BROWSER, None, True)],
)
async def test_a_phone_is_listened_to_when_it_is_answered_and_a_browser_at_once(
    kind: int, status: str | None, listens: bool
) -> None:
    _, caller, participant, _ = await present(kind)
    participant.attributes = {} if status is None else {"sip.callStatus": status}
    assert caller.is_listening() is listens


async def test_a_phone_that_was_answered_while_its_caller_was_missed_is_noticed() -> None:
    """The agent was silent for the rest of such a call."""
    room, caller, participant, _ = await present()
    listening = asyncio.create_task(caller.listens())
    await asyncio.sleep(0)
    room.goes(participant, None)
    await asyncio.sleep(0)
    room.comes(FakeParticipant(attributes={"sip.callStatus": "active"}))
    await asyncio.wait_for(listening, 5)


async def test_a_caller_who_is_back_in_the_room_never_left() -> None:
    room, caller, participant, left = await present()
    room.goes(participant, None)
    await asyncio.sleep(0)
    again = FakeParticipant(attributes={"sip.callStatus": "active"})
    room.comes(again)
    await eventually(lambda: caller.participant is again, "the caller is back", pause=0)
    async with asyncio.timeout(5):
        await caller.listens()
    assert left == []


async def test_a_caller_who_stays_away_has_lost_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caller_module, "COMES_BACK_WITHIN", 0.01)
    room, _, participant, left = await present()
    room.goes(participant, None)
    await eventually(lambda: left, "the caller has left", pause=0.001)
    assert left == [False]
