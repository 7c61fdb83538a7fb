"""A caller waits for each round trip in turn: three connect a call, whatever is added to the handler."""

import pytest

from bench.round_trips import RoundTrips
from functions.incoming_call.edge import Edge
from functions.incoming_call.handle_incoming import handle_twilio_incoming
from tests.unit.edge_world import CALL, World

pytestmark = pytest.mark.unit

MOST = 3


async def ring(world: World) -> RoundTrips:
    trips = RoundTrips()
    edge = Edge(
        world.edge.settings,
        trips.watch(world.edge.database),
        trips.watch(world.edge.livekit),
        trips.watch(world.edge.tasks),
        trips.watch(world.edge.twilio),
        now=world.clock,
    )
    await handle_twilio_incoming(edge, CALL)
    return trips


async def test_a_new_call_takes_three_round_trips_in_turn() -> None:
    trips = await ring(World())
    assert trips.sequential == MOST
    assert [sorted(wave) for wave in trips.waves] == [
        ["get"],
        ["count", "get_all", "query"],
        ["commit", "create_room"],
    ]


async def test_a_call_that_gets_the_fallback_takes_no_more() -> None:
    world = World()
    world.seed(enabled=False)
    assert (await ring(world)).sequential <= MOST


async def test_a_repeated_webhook_takes_no_more() -> None:
    world = World()
    await world.ring()
    assert (await ring(world)).sequential <= MOST


async def test_requests_in_turn_are_counted_in_turn() -> None:
    """The counter itself: two after one another are two, two at once are one."""
    world, trips = World(), RoundTrips()
    database = trips.watch(world.database)
    await database.get("a")
    await database.get("b")
    assert trips.sequential == 2
