"""An agent that died with its machine is seen by nobody but the watch over its lease."""

from datetime import timedelta

import pytest

from functions.incoming_call import tasks, watch_lease
from functions.incoming_call.tasks import CheckLease, EnsureAgent
from shared.models.call import FallbackReason, Outcome
from shared.services.session_service import DEAD_AFTER, LEASE_TTL
from tests.unit.edge_world import METADATA, ROOM, SESSION, World, agent, caller

pytestmark = pytest.mark.unit


@pytest.fixture
async def world() -> World:
    """In a talk, with an agent that has just claimed the lease."""
    world = World()
    await world.answer()
    await world.edge.sessions.claim_lease("harbor", SESSION, "job-1", LEASE_TTL)
    return world


async def look(world: World, number: int = 1, suspect: int = 0) -> None:
    await watch_lease.check_lease(world.edge, CheckLease(room=METADATA, number=number, suspect=suspect))


async def look_as_asked(world: World, number: int) -> None:
    await watch_lease.check_lease(world.edge, following(world, number)[0])


def following(world: World, number: int = 2) -> tuple[CheckLease, timedelta]:
    url, body, delay = world.tasks.tasks[f"{SESSION}-lease-{number}"]
    assert url == "https://voice.example.com/api/v1/tasks/check-lease"
    return CheckLease.model_validate(body), delay


async def test_the_watch_begins_when_the_agent_is_there(world: World) -> None:
    await tasks.ensure_agent(world.edge, EnsureAgent(room=METADATA, chain="start", attempt=1))
    task, delay = following(world, 1)
    assert (task, delay) == (CheckLease(room=METADATA, number=1), DEAD_AFTER)


async def test_an_agent_that_holds_the_lease_and_is_about_to_join_is_waited_for(world: World) -> None:
    world.livekit.rooms[ROOM] = [caller()]
    await tasks.ensure_agent(world.edge, EnsureAgent(room=METADATA, chain="start", attempt=1))
    assert world.livekit.dispatches == []
    assert following(world, 1)[1] == DEAD_AFTER


async def test_a_living_agent_is_looked_at_again_when_its_lease_would_have_run_out(world: World) -> None:
    world.clock.advance(seconds=1)
    for _ in range(2):
        await look(world)
    assert following(world)[1] == LEASE_TTL - timedelta(seconds=1) + watch_lease.LEASE_MARGIN
    assert len(world.tasks.tasks) == 1
    assert len(world.livekit.rooms[ROOM]) == 2


async def test_a_dead_agent_is_put_out_of_the_room_and_replaced_once(world: World) -> None:
    world.clock.advance(seconds=LEASE_TTL.total_seconds() + 0.2)
    for _ in range(2):
        await look(world)
    assert [participant.identity for participant in world.livekit.rooms[ROOM]] == [caller().identity]
    assert world.livekit.dispatches == [(ROOM, METADATA)]
    assert f"{SESSION}-agent-1-1" in world.tasks.tasks
    assert following(world) == (CheckLease(room=METADATA, number=2), DEAD_AFTER)
    successor = await world.edge.sessions.claim_lease("harbor", SESSION, "job-2", LEASE_TTL)
    assert successor.generation == 2


@pytest.fixture
async def beating(world: World) -> World:
    """The agent's worker has a heartbeat, and both were heard of now."""
    session = await world.edge.sessions.get_session("harbor", SESSION)
    assert session.lease is not None
    await world.edge.sessions.release_lease("harbor", SESSION, session.lease)
    await world.edge.sessions.claim_lease("harbor", SESSION, "job-1", LEASE_TTL, worker="w1")
    await world.edge.sessions.beat("w1")
    return world


async def test_a_machine_that_falls_silent_is_dead_long_before_the_lease_ends(beating: World) -> None:
    beating.clock.advance(seconds=1)
    await look(beating)
    assert following(beating)[1] == DEAD_AFTER - timedelta(seconds=1) + watch_lease.LEASE_MARGIN
    beating.clock.advance(seconds=2.2)
    await look(beating, number=2)
    assert beating.livekit.dispatches == [(ROOM, METADATA)]
    await beating.edge.sessions.claim_lease("harbor", SESSION, "job-2", LEASE_TTL, worker="w2")


async def test_while_the_phone_rings_an_agent_has_until_its_leases_end(beating: World) -> None:
    beating.database.documents[f"tenants/harbor/calls/{SESSION}"]["answered_at"] = None
    beating.clock.advance(seconds=DEAD_AFTER.total_seconds() + 0.2)
    await look(beating)
    assert beating.livekit.dispatches == []
    left = LEASE_TTL - DEAD_AFTER - timedelta(seconds=0.2)
    assert following(beating)[1] == left + watch_lease.LEASE_MARGIN


async def test_a_look_that_comes_late_leaves_an_agent_until_its_leases_end(beating: World) -> None:
    beating.clock.advance(seconds=DEAD_AFTER.total_seconds() + 1)
    await look(beating)
    assert beating.livekit.dispatches == []
    assert following(beating)[1] == LEASE_TTL - DEAD_AFTER - timedelta(seconds=1) + watch_lease.LEASE_MARGIN
    beating.clock.advance(seconds=2.2)
    await look(beating, number=2)
    assert beating.livekit.dispatches == [(ROOM, METADATA)]


async def test_an_agent_that_is_too_busy_to_renew_lives_while_its_worker_is_heard(beating: World) -> None:
    for number in range(1, 6):
        beating.clock.advance(seconds=1)
        await beating.edge.sessions.beat("w1")
        await look(beating, number)
    assert beating.livekit.dispatches == []
    assert following(beating, 6)[1] == timedelta(seconds=1) + watch_lease.LEASE_MARGIN  # the lease ends then


async def test_an_agent_that_hangs_is_dead_at_its_leases_end_though_its_worker_beats(
    beating: World,
) -> None:
    beating.clock.advance(seconds=LEASE_TTL.total_seconds() + 0.2)
    await beating.edge.sessions.beat("w1")
    await look(beating)
    assert beating.livekit.dispatches == [(ROOM, METADATA)]


async def test_an_agent_that_renews_lives_without_its_worker(beating: World) -> None:
    session = await beating.edge.sessions.get_session("harbor", SESSION)
    assert session.lease is not None
    for number in range(1, 6):
        beating.clock.advance(seconds=2)
        await beating.edge.sessions.renew_lease("harbor", SESSION, session.lease, LEASE_TTL)
        await look(beating, number)
    assert beating.livekit.dispatches == []


async def test_a_successor_that_has_just_come_is_left_alone(world: World) -> None:
    world.clock.advance(seconds=LEASE_TTL.total_seconds() + 0.2)
    successor = agent("agent-2")
    successor.joined_at_ms = int(world.clock().timestamp() * 1000)
    world.livekit.rooms[ROOM] = [successor, caller()]
    await look(world)
    assert successor in world.livekit.rooms[ROOM]


@pytest.mark.parametrize("cause", ["the agent hands over", "the watch itself was held up"])
async def test_an_agent_that_may_be_alive_gets_a_second_look(world: World, cause: str) -> None:
    if cause == "the agent hands over":
        session = await world.edge.sessions.get_session("harbor", SESSION)
        assert session.lease is not None
        await world.edge.sessions.release_lease("harbor", SESSION, session.lease)
    else:
        world.clock.advance(minutes=1)
    await look(world)
    assert len(world.livekit.rooms[ROOM]) == 2
    task, delay = following(world)
    assert (task.suspect, delay) == (1, watch_lease.SECOND_LOOK_AFTER)
    world.clock.advance(seconds=5)
    await watch_lease.check_lease(world.edge, task)
    assert world.livekit.dispatches == [(ROOM, METADATA)]


async def test_the_watch_ends_with_the_call(world: World) -> None:
    await world.edge.calls.end_call("harbor", SESSION, Outcome.AGENT_ENDED, world.clock())
    world.clock.advance(seconds=10)
    await look(world)
    assert world.tasks.tasks == {}


async def test_an_agent_that_dies_between_its_claim_and_the_room_is_replaced(world: World) -> None:
    world.livekit.rooms[ROOM] = [caller()]
    world.clock.advance(seconds=LEASE_TTL.total_seconds() + 0.2)
    for _ in range(2):
        await look(world)
    assert world.livekit.dispatches == [(ROOM, METADATA)]
    assert f"{SESSION}-generation-1-lost-1" in world.tasks.tasks


async def test_an_agent_that_is_long_in_joining_while_the_phone_rings_is_waited_for(world: World) -> None:
    world.change_call(state="ringing", answered_at=None)
    world.livekit.rooms[ROOM] = [caller()]
    world.clock.advance(seconds=LEASE_TTL.total_seconds() + 0.2)
    await look(world)
    session = await world.edge.sessions.get_session("harbor", SESSION)
    assert session.lease is not None
    await world.edge.sessions.renew_lease("harbor", SESSION, session.lease, timedelta(0))
    assert world.livekit.dispatches == []
    world.clock.advance(seconds=watch_lease.STILL_JOINS.total_seconds())
    for number in (2, 3):  # so late a look is followed by a second one
        await look_as_asked(world, number)
    assert world.livekit.dispatches == [(ROOM, METADATA)]


async def test_an_agent_that_could_not_join_and_gave_its_lease_back_is_replaced(world: World) -> None:
    session = await world.edge.sessions.get_session("harbor", SESSION)
    assert session.lease is not None
    await world.edge.sessions.release_lease("harbor", SESSION, session.lease)
    world.livekit.rooms[ROOM] = [caller()]
    await look(world)
    await watch_lease.check_lease(world.edge, following(world)[0])
    assert world.livekit.dispatches == [(ROOM, METADATA)]


@pytest.mark.parametrize("answered", [True, False])
async def test_nobody_is_sent_into_a_room_that_the_caller_has_left(world: World, answered: bool) -> None:
    if not answered:
        world.change_call(state="ringing", answered_at=None)
    world.livekit.rooms[ROOM] = []
    world.clock.advance(seconds=LEASE_TTL.total_seconds() + 0.2)
    await look(world)
    world.clock.advance(seconds=watch_lease.STILL_JOINS.total_seconds())
    for number in (2, 3):  # nobody is on the way any more either
        await look_as_asked(world, number)
    assert world.livekit.dispatches == []


async def test_a_caller_whom_a_dead_agent_left_behind_gets_the_fallback(world: World) -> None:
    """The agent wrote that the caller is to have it; the room was not deleted, so the Dial goes on."""
    await world.edge.calls.request_fallback("harbor", SESSION, FallbackReason.MODEL_UNAVAILABLE)
    world.livekit.rooms[ROOM] = [caller()]
    await look(world)
    assert (world.livekit.deleted, world.twilio.redirected) == ([], []), "the agent lives and sees to it"
    world.clock.advance(seconds=LEASE_TTL.total_seconds() + 0.2)
    await look(world)
    assert world.livekit.deleted == [ROOM]
    assert [call_sid for call_sid, _ in world.twilio.redirected] == [world.call.call_sid]


async def test_a_caller_who_was_left_behind_after_the_end_is_hung_up(world: World) -> None:
    await world.edge.calls.end_call("harbor", SESSION, Outcome.AGENT_ENDED, world.clock())
    world.livekit.rooms[ROOM] = [caller()]
    world.clock.advance(seconds=10)
    await look(world)
    assert (world.livekit.deleted, world.twilio.redirected) == ([ROOM], [])
