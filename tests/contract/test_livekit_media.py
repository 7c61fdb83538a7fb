"""LiveKit: what participants say and send reaches the others.

The same cases run against the embedded server and livekit-server; where the latter is not found, its cases
are skipped, visibly (`make livekit-server` builds it).
"""

import asyncio

import pytest
from livekit import api
from livekit.protocol import models as m

from tests.contract.livekit_servers import (
    ROOM,
    Join,
    Server,
    create_room,
    join,
    server,
)

__all__ = ["join", "server"]

pytestmark = pytest.mark.contract


async def test_what_one_says_is_heard_by_the_others(server: Server, join: Join) -> None:
    await create_room(server)
    early = await join("early")
    speaker = await join("speaker")
    await speaker.publish(amplitude=9000)
    late = await join("late")
    for listener in (early, late):
        await listener.until(lambda listener=listener: listener.loudest > 6000, "the tone")
        assert listener.loudest < 7500  # not louder than it was spoken


async def test_a_track_that_is_taken_back_and_another_one_are_noticed(server: Server, join: Join) -> None:
    await create_room(server)
    listener, speaker = await join("listener"), await join("speaker")
    first = await speaker.publish()
    seen = await listener.sees("speaker")
    await listener.until(lambda: first in seen.track_publications, "the first track")
    await speaker.room.local_participant.unpublish_track(first)
    await listener.until(lambda: not seen.track_publications, "the track taken back")
    await server.webhooks.one("track_unpublished")
    await speaker.publish(amplitude=9000)
    await listener.until(lambda: listener.loudest > 6000, "the second track heard")


async def test_a_publisher_learns_when_somebody_first_hears_its_track(server: Server, join: Join) -> None:
    """Agents wait for it before they speak; one that is never told is silent for the whole call."""
    await create_room(server)
    speaker = await join("speaker")
    track = await speaker.publish()
    heard = speaker.room.local_participant.track_publications[track].wait_for_subscription()
    waiting = asyncio.ensure_future(heard)
    await join("listener")
    await asyncio.wait_for(waiting, 10)


async def test_a_muted_track_is_seen_as_muted(server: Server, join: Join) -> None:
    await create_room(server)
    listener, speaker = await join("listener"), await join("speaker")
    track = await speaker.publish()
    seen = await listener.sees("speaker")
    await listener.until(lambda: track in seen.track_publications, "the track")
    local = speaker.room.local_participant.track_publications[track].track
    assert local
    local.mute()
    await listener.until(lambda: seen.track_publications[track].muted, "the mute")


async def test_keys_and_messages_arrive_under_the_senders_name(server: Server, join: Join) -> None:
    await create_room(server)
    caller, agent = await join("caller", kind="sip"), await join("agent", kind="agent")
    await caller.room.local_participant.publish_dtmf(code=7, digit="7")
    await agent.until(lambda: agent.dtmf, "the key")
    assert agent.dtmf == [("caller", "7")]
    await caller.room.local_participant.publish_data(b"reliable", reliable=True, topic="one")
    await caller.room.local_participant.publish_data(b"lossy", reliable=False, topic="two")
    await agent.until(lambda: len(agent.packets) == 2, "both packets")
    assert set(agent.packets) == {("caller", b"reliable", "one"), ("caller", b"lossy", "two")}


async def test_a_message_to_one_participant_reaches_only_that_one(server: Server, join: Join) -> None:
    await create_room(server)
    sender, one, two = await join("sender"), await join("one"), await join("two")
    local = sender.room.local_participant
    await local.publish_data(b"secret", destination_identities=["one"])
    await local.publish_data(b"all")
    for member in (one, two):
        await member.until(lambda member=member: ("sender", b"all", "") in member.packets, "the second one")
    assert one.packets == [("sender", b"secret", ""), ("sender", b"all", "")]
    assert two.packets == [("sender", b"all", "")]


async def test_an_agent_may_publish_text_in_the_callers_name_and_nobody_else_may(
    server: Server, join: Join
) -> None:
    await create_room(server)
    agent, caller, watcher = await join("agent", kind="agent"), await join("caller"), await join("watcher")
    await agent.send_text("said", sender="caller")
    await caller.send_text("forged", sender="agent")
    await watcher.until(lambda: len(watcher.texts) == 2, "both texts")
    assert set(watcher.texts) == {("caller", "said"), ("caller", "forged")}


async def test_data_sent_by_the_api_arrives(server: Server, join: Join) -> None:
    await create_room(server)
    member = await join("one")
    other = await join("two")
    request = api.SendDataRequest(room=ROOM, data=b"hello", kind=m.DataPacket.RELIABLE, topic="t")
    request.destination_identities.append("one")
    await server.api.room.send_data(request)
    await member.until(lambda: member.packets, "the packet")
    assert (member.packets, other.packets) == ([("", b"hello", "t")], [])


async def test_a_track_that_one_does_not_want_is_heard_again_when_it_is_wanted_again(
    server: Server, join: Join
) -> None:
    await create_room(server)
    speaker, listener = await join("speaker"), await join("listener")
    track = await speaker.publish(amplitude=9000)
    seen = await listener.sees("speaker")
    await listener.until(lambda: listener.loudest > 6000, "the tone")
    publication = seen.track_publications[track]
    publication.set_subscribed(False)
    await listener.until(lambda: publication.track is None, "the end of the subscription")
    listener.loudest = 0.0
    publication.set_subscribed(True)
    await listener.until(lambda: listener.loudest > 6000, "the tone again")
