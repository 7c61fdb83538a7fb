"""An agent that is lost is replaced at once, whatever else is down; one that keeps dying is not, for long."""

import asyncio
from datetime import timedelta

import pytest

from functions.incoming_call import tasks
from functions.incoming_call.tasks import CheckLease, EnsureAgent
from functions.incoming_call.watch_lease import check_lease
from functions.incoming_call.watch_room import handle_livekit_event
from shared.errors import UnavailableError
from shared.models.call import FallbackReason
from shared.services.call_service import AGENTS_IN_A_ROW, MOST_AGENTS
from shared.services.session_service import LEASE_TTL
from tests.unit.edge_world import METADATA, ROOM, SESSION, World, agent, caller, event
from tests.waiting import eventually

pytestmark = pytest.mark.unit

REPLACED_WITHIN = 0.7
"""Seconds from a loss to the next agent."""


@pytest.fixture
def world() -> World:
    return World()


async def lose_agents(world: World, *, each_lives: float) -> float:
    """Until no further one is asked for. Returns the seconds from the first loss to that."""
    lost_at = ended_at = world.clock()
    number = 0
    while world.call.fallback_reason is None:
        number += 1
        world.livekit.rooms[ROOM] = [caller()]
        await world.edge.sessions.claim_lease("harbor", SESSION, f"job-{number}", timedelta(0))
        await handle_livekit_event(world.edge, event("participant_left", agent(f"agent-{number}")))
        ended_at = world.clock()
        world.clock.advance(seconds=REPLACED_WITHIN + each_lives)
    return (ended_at - lost_at).total_seconds()


@pytest.mark.parametrize("answered", [True, False])
async def test_a_caller_whose_agents_die_at_once_gets_the_fallback_within_three_seconds(
    world: World, answered: bool
) -> None:
    await (world.answer() if answered else world.ring())
    if answered:
        world.clock.advance(minutes=5)
    assert await lose_agents(world, each_lives=0) <= 3.0
    assert len(world.call.dispatches) <= AGENTS_IN_A_ROW + 1
    reason = FallbackReason.AGENT_LOST if answered else FallbackReason.NO_AGENT
    assert world.call.fallback_reason is reason
    assert len(world.twilio.redirected) == 1


async def test_an_agent_that_serves_for_a_while_is_replaced_but_not_for_ever(world: World) -> None:
    await world.answer()
    await lose_agents(world, each_lives=30)
    assert len(world.call.dispatches) == MOST_AGENTS


@pytest.mark.parametrize("trouble", ["fails", "hangs"])
async def test_an_agent_that_leaves_is_replaced_without_cloud_tasks(world: World, trouble: str) -> None:
    await world.answer()
    world.livekit.rooms[ROOM] = [caller()]
    left = event("participant_left", agent("agent-1"))
    if trouble == "fails":
        world.tasks.fails = True
        for _ in range(2):
            with pytest.raises(UnavailableError):  # so that LiveKit tells it again
                await handle_livekit_event(world.edge, left)
        world.tasks.revive()
        await handle_livekit_event(world.edge, left)
    else:
        world.tasks.hang()
        telling = asyncio.create_task(handle_livekit_event(world.edge, left))
        await eventually(lambda: world.livekit.dispatches, "an agent is asked for", pause=0)
        world.tasks.revive()
        await telling
    assert world.livekit.dispatches == [(ROOM, METADATA)]
    assert f"{SESSION}-agent-1-1" in world.tasks.tasks


async def test_an_agent_that_does_not_come_to_a_new_room_is_asked_for_again_without_cloud_tasks(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "CHECK_AFTER", timedelta(0))
    await world.ring()
    world.tasks.fails = True
    for _ in range(2):
        with pytest.raises(UnavailableError):
            await handle_livekit_event(world.edge, event("room_started"))
    assert world.livekit.dispatches == [(ROOM, METADATA)]


async def test_a_check_asks_for_the_next_agent_though_no_further_check_can_be_had(world: World) -> None:
    await world.ring()
    world.tasks.fails = True
    with pytest.raises(UnavailableError):
        await tasks.ensure_agent(world.edge, EnsureAgent(room=METADATA, chain="start", attempt=1))
    assert world.livekit.dispatches == [(ROOM, METADATA)]


async def test_an_agent_that_died_with_its_machine_is_replaced_without_cloud_tasks(world: World) -> None:
    await world.answer()
    await world.edge.sessions.claim_lease("harbor", SESSION, "job-1", LEASE_TTL)
    world.clock.advance(seconds=LEASE_TTL.total_seconds() + 0.2)
    world.tasks.fails = True
    with pytest.raises(UnavailableError):
        await check_lease(world.edge, CheckLease(room=METADATA, number=1))
    assert world.livekit.dispatches == [(ROOM, METADATA)]
