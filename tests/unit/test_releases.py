"""Which worker release a call goes to, and which one replaces an agent that is lost."""

from typing import Any

import pytest
from pydantic import ValidationError

from functions.incoming_call.tasks import EnsureAgent, ensure_agent
from shared.models.releases import Releases, ReleaseShare
from shared.repositories.releases import RELEASES_PATH, ReleaseRepository
from tests.fakes import FakeDatabase
from tests.unit.edge_world import METADATA, SESSION, World

pytestmark = pytest.mark.unit

IDS = [f"ca{number:032x}" for number in range(2000)]


def shares(**by_name: int) -> Releases:
    return Releases(releases=[ReleaseShare(agent_name=name, share=share) for name, share in by_name.items()])


@pytest.mark.parametrize("percent", [0, 5, 25, 100])
def test_a_release_gets_its_share_of_calls(percent: int) -> None:
    releases = shares(v2=percent, v1=100 - percent)
    got = sum(releases.for_call(session_id) == "v2" for session_id in IDS) / len(IDS)
    assert got == pytest.approx(percent / 100, abs=0.03)


def test_a_growing_share_keeps_the_calls_that_it_had() -> None:
    small, large = shares(v2=5, v1=95), shares(v2=25, v1=75)
    assert all(large.for_call(each) == "v2" for each in IDS if small.for_call(each) == "v2")


@pytest.mark.parametrize("wrong", [{"v1": 99}, {"v1": 101}, {"v1": 60, "v2": 50}])
def test_shares_add_up_to_a_hundred(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        shares(**wrong)


def test_a_lost_agent_is_replaced_by_its_own_release_and_then_by_the_live_one() -> None:
    releases = shares(v2=5, v1=95)
    assert [releases.for_replacement("v2", asked) for asked in (1, 2, 3)] == ["v2", "v1", "v1"]


@pytest.mark.parametrize("gone", ["v1", "v0", None])
def test_calls_of_a_release_that_takes_none_any_more_go_to_the_live_one(gone: str | None) -> None:
    assert shares(v2=100, v1=0).for_replacement(gone, 1) == "v2"


async def test_without_the_document_all_calls_go_to_the_release_in_the_settings() -> None:
    world = World()
    await world.ring()
    assert world.livekit.asked == ["trunkline"]
    assert world.call.agent_name == "trunkline"


async def test_a_call_stays_with_the_release_it_was_given_to() -> None:
    world = World()
    world.database.documents[RELEASES_PATH] = shares(v2=100, v1=0).to_firestore()
    await world.ring()
    assert world.livekit.asked == ["v2"]
    assert world.database.documents[f"tenants/harbor/sessions/{SESSION}"]["agent_name"] == "v2"
    world.database.documents[RELEASES_PATH] = shares(v2=0, v1=100).to_firestore()
    world.livekit.rooms.clear()  # as if the first delivery had died before it made the room
    await world.ring()
    assert world.livekit.asked == ["v2", "v2"]


async def test_an_agent_that_does_not_come_is_asked_of_its_release_and_then_of_the_live_one() -> None:
    world = World()
    world.database.documents[RELEASES_PATH] = shares(v2=100, v1=0).to_firestore()
    await world.ring()
    world.database.documents[RELEASES_PATH] = shares(v2=5, v1=95).to_firestore()
    for attempt in (1, 2, 3):
        await ensure_agent(world.edge, EnsureAgent(room=METADATA, chain="start", attempt=attempt))
    assert world.livekit.asked == ["v2", "v2", "v1", "v1"]
    assert [event["agent_name"] for event in world.events("dispatch")] == ["v2", "v2", "v1", "v1"]


async def test_a_document_that_cannot_be_read_does_not_keep_a_caller_waiting() -> None:
    world = World()
    world.database.documents[RELEASES_PATH] = {"releases": [{"agent_name": "v2", "share": 3}]}
    assert "<Sip" in await world.ring()
    assert world.livekit.asked == ["trunkline"]


async def test_two_changes_at_once_both_count() -> None:
    database: Any = FakeDatabase()
    repository = ReleaseRepository(database, "v1")
    assert await repository.get() == Releases.only("v1")
    await repository.change(lambda _: shares(v2=5, v1=95))
    await repository.change(lambda now: shares(v2=now.share_of("v2") + 20, v1=now.share_of("v1") - 20))
    assert await repository.get() == shares(v2=25, v1=75)
