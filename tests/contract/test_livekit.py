"""LiveKit: rooms, who is in them, who may do what, and what webhooks tell.

The same cases run against the embedded server and livekit-server; where the latter is not found, its cases
are skipped, visibly (`make livekit-server` builds it).
"""

import asyncio

import aiohttp
import pytest
from livekit import api
from livekit.protocol import models as m
from livekit.protocol import rtc

from local.livekit.embedded import Config, EmbeddedServer
from tests.contract.livekit_clients import KEY, SECRET, Worker, token
from tests.contract.livekit_servers import (
    AGENT,
    ROOM,
    Join,
    Server,
    create_room,
    dispatch,
    join,
    server,
    wanted,
)
from tests.waiting import eventually

__all__ = ["join", "server"]

pytestmark = pytest.mark.contract


# Rooms


async def test_creating_a_room_again_changes_nothing_and_adds_no_agent(server: Server) -> None:
    async with Worker(server.url, AGENT) as worker:
        first = await create_room(server, agents=wanted("first"), metadata="one", empty_timeout=60)
        await worker.job("first")
        second = await create_room(server, agents=wanted("second"), metadata="two", empty_timeout=90)
        await dispatch(server, "marker")
        await worker.job("marker")
    assert (second.sid, second.metadata, second.empty_timeout) == (first.sid, "one", 60)
    assert [item.job.metadata for item in worker.assignments] == ["first", "marker"]


async def test_rooms_are_listed_by_name_with_their_settings(server: Server) -> None:
    await create_room(server, metadata="ids", empty_timeout=7, departure_timeout=8, max_participants=2)
    await server.api.room.create_room(api.CreateRoomRequest(name="other"))
    [room] = (await server.api.room.list_rooms(api.ListRoomsRequest(names=[ROOM]))).rooms
    assert (room.name, room.metadata) == (ROOM, "ids")
    assert (room.empty_timeout, room.departure_timeout, room.max_participants) == (7, 8, 2)
    everything = (await server.api.room.list_rooms(api.ListRoomsRequest())).rooms
    assert {item.name for item in everything} == {ROOM, "other"}


async def test_a_deleted_room_disconnects_everybody_and_can_not_be_deleted_twice(
    server: Server, join: Join
) -> None:
    await create_room(server)
    one, two = await join("one"), await join("two")
    await two.sees("one")
    await server.api.room.delete_room(api.DeleteRoomRequest(room=ROOM))
    assert (await one.gone(), await two.gone()) == ("ROOM_DELETED", "ROOM_DELETED")
    left = await server.webhooks.one("participant_left", "one")
    assert left.participant.disconnect_reason == m.ROOM_DELETED
    await server.webhooks.one("room_finished")
    with pytest.raises(api.TwirpError) as error:
        await server.api.room.delete_room(api.DeleteRoomRequest(room=ROOM))
    assert error.value.code == "not_found"


async def test_a_room_that_nobody_joins_closes_after_its_empty_timeout(server: Server) -> None:
    await create_room(server, empty_timeout=1)
    finished = await server.webhooks.one("room_finished")
    assert finished.room.name == ROOM

    async def forgotten() -> bool:  # the real server tells of the end before it forgets the room
        return not (await server.api.room.list_rooms(api.ListRoomsRequest())).rooms

    await eventually(forgotten, "the room is no longer listed")


async def test_a_room_with_only_an_agent_left_closes_after_its_departure_timeout(
    server: Server, join: Join
) -> None:
    await create_room(server, departure_timeout=1)
    caller, agent = await join("caller", kind="sip"), await join("agent", kind="agent")
    await agent.sees("caller")
    await caller.leave()
    assert await agent.gone() == "ROOM_CLOSED"
    await server.webhooks.one("room_finished")


async def test_metadata_of_a_room_reaches_those_in_it(server: Server, join: Join) -> None:
    await create_room(server, metadata="before")
    member = await join("one")
    assert member.room.metadata == "before"
    await server.api.room.update_room_metadata(api.UpdateRoomMetadataRequest(room=ROOM, metadata="after"))
    await member.until(lambda: member.room.metadata == "after", "the new metadata")


# Participants


async def test_webhooks_tell_a_call_in_order_signed_and_each_with_an_id_of_its_own(
    server: Server, join: Join
) -> None:
    await create_room(server, departure_timeout=1)
    caller = await join("caller", kind="sip", attributes={"sip.callID": "SCL_1"})
    track = await caller.publish()
    await server.webhooks.one("participant_joined")
    await server.webhooks.one("track_published")
    await caller.leave()
    await server.webhooks.one("room_finished")
    told = server.webhooks.events
    assert {item.event for item in told[:3]} == {"room_started", "participant_joined", "track_published"}
    assert [item.event for item in told[3:]] == ["track_unpublished", "participant_left", "room_finished"]
    assert len({item.id for item in told}) == len(told)
    assert server.webhooks.content_types == {"application/webhook+json"}
    joined = (await server.webhooks.one("participant_joined")).participant
    assert (joined.identity, joined.kind) == ("caller", m.ParticipantInfo.SIP)
    assert joined.attributes["sip.callID"] == "SCL_1"
    assert (await server.webhooks.one("track_published")).track.sid == track
    left = (await server.webhooks.one("participant_left")).participant
    assert left.disconnect_reason == m.CLIENT_INITIATED


async def test_a_webhook_is_delivered_again_when_the_receiver_fails(server: Server) -> None:
    server.webhooks.failures = 1
    await create_room(server)
    await server.webhooks.one("room_started")
    assert server.webhooks.deliveries == 2


async def test_the_same_identity_again_throws_the_first_one_out(server: Server, join: Join) -> None:
    await create_room(server)
    first = await join("caller")
    second = await join("caller")
    assert await first.gone() == "DUPLICATE_IDENTITY"
    participants = await server.api.room.list_participants(api.ListParticipantsRequest(room=ROOM))
    assert [item.sid for item in participants.participants] == [second.room.local_participant.sid]
    assert second.disconnected is None


async def test_a_removed_participant_learns_why(server: Server, join: Join) -> None:
    await create_room(server)
    one, two = await join("one"), await join("two")
    await two.sees("one")
    await one.publish()
    await server.webhooks.one("track_published")  # the leaving of one who publishes is told at once
    await server.api.room.remove_participant(api.RoomParticipantIdentity(room=ROOM, identity="one"))
    assert await one.gone() == "PARTICIPANT_REMOVED"
    await two.until(lambda: "one" not in two.others, "one gone for two")
    with pytest.raises(api.TwirpError) as error:
        await server.api.room.get_participant(api.RoomParticipantIdentity(room=ROOM, identity="one"))
    assert error.value.code == "not_found"


async def test_who_goes_on_talking_while_it_is_removed_learns_why() -> None:
    access = token("caller", room_join=True, room_create=True, room=ROOM)
    async with EmbeddedServer(Config(KEY, SECRET)) as server, aiohttp.ClientSession() as client:
        async with client.ws_connect(f"{server.url}/rtc", params={"access_token": access}) as line:
            await line.receive()
            room = server._rooms.get(ROOM)
            caller = room.participants["caller"]
            async with caller._sending:  # the goodbye has to wait for something else that is being sent
                removal = asyncio.create_task(room.leave(caller, m.PARTICIPANT_REMOVED))
                await caller.left.wait()
                unanswered = rtc.SignalRequest(track_setting=rtc.UpdateTrackSettings())
                await line.send_bytes(unanswered.SerializeToString())
                await client.get(server.url.replace("ws", "http", 1))  # by now that has been read
            received = [rtc.SignalResponse.FromString(message.data) async for message in line]
        await removal
    assert [each.leave.reason for each in received if each.HasField("leave")] == [m.PARTICIPANT_REMOVED]


async def test_attributes_come_from_the_token_the_participant_and_the_api(server: Server, join: Join) -> None:
    await create_room(server)
    caller = await join("caller", kind="sip", attributes={"sip.callStatus": "ringing", "gone": "soon"})
    watcher = await join("watcher")
    seen = await watcher.sees("caller")
    assert (seen.kind, seen.attributes["sip.callStatus"]) == (m.ParticipantInfo.SIP, "ringing")
    await caller.room.local_participant.set_attributes({"sip.callStatus": "active", "gone": ""})
    await watcher.until(
        lambda: seen.attributes == {"sip.callStatus": "active"}, "the caller's own change of its attributes"
    )
    await server.api.room.update_participant(
        api.UpdateParticipantRequest(room=ROOM, identity="caller", attributes={"sip.callStatus": "hangup"})
    )
    await watcher.until(lambda: seen.attributes["sip.callStatus"] == "hangup", "the change by the API")
    request = api.RoomParticipantIdentity(room=ROOM, identity="caller")
    assert (await server.api.room.get_participant(request)).attributes == {"sip.callStatus": "hangup"}


async def test_a_full_room_admits_an_agent_but_no_other(server: Server, join: Join) -> None:
    await create_room(server, max_participants=1)
    await join("caller")
    await join("agent", kind="agent")
    assert await server.handshake_status(token("late", room_join=True, room=ROOM)) == 500


async def test_many_join_at_once_and_all_see_each_other(server: Server, join: Join) -> None:
    await create_room(server)
    members = await asyncio.gather(*(join(f"member-{number}") for number in range(5)))
    for member in members:
        await member.until(lambda member=member: len(member.others) == 4, "all others")


# Who may do what


async def test_only_a_token_that_may_join_admits(server: Server) -> None:
    await create_room(server)
    status = server.handshake_status
    assert await status(token("one", room_join=True, room=ROOM)) == 101
    assert await status(token("one", room=ROOM)) == 401
    assert await status(token("one", room_join=True, room=ROOM, secret=SECRET + "x")) == 401
    assert await status(token("one", room_join=True, room="missing")) == 404


async def test_the_api_refuses_what_the_token_does_not_grant(server: Server) -> None:
    await create_room(server)
    attempts = {
        "RoomService/CreateRoom": {"name": "new"},
        "RoomService/ListRooms": {},
        "RoomService/DeleteRoom": {"room": ROOM},
        "RoomService/ListParticipants": {"room": ROOM},
        "AgentDispatchService/CreateDispatch": {"room": ROOM, "agent_name": AGENT},
    }
    other_room = token(room_admin=True, room="another")
    for method, body in attempts.items():
        for access in (None, other_room):
            status, answer = await server.post(method, body, access)
            assert (status, answer["code"]) == (401, "unauthenticated"), method
        status, answer = await server.post(method, body, token(room_create=True, secret=SECRET + "x"))
        assert status == 401, method


async def test_the_api_speaks_json_too(server: Server) -> None:
    body = {
        "name": ROOM,
        "emptyTimeout": 30,
        "departure_timeout": 5,
        "agents": [{"agentName": AGENT, "metadata": "json"}],
        "not_a_field": 1,
    }
    async with Worker(server.url, AGENT) as worker:
        status, room = await server.post("RoomService/CreateRoom", body, token(room_create=True))
        await worker.job("json")
    assert status == 200
    assert (room["name"], room["empty_timeout"], room["departure_timeout"]) == (ROOM, 30, 5)
    assert (room["num_participants"], room["metadata"]) == (0, "")
    assert room["sid"].startswith("RM_")


async def test_a_path_without_single_peer_connection_is_answered_so_that_clients_fall_back(
    server: Server,
) -> None:
    """Only the embedded server is without; a browser reads the 404 only when it has CORS headers."""
    if server.is_real:
        pytest.skip("the real server has /rtc/v1")
    async with aiohttp.ClientSession() as session, session.get(f"{server.http_url}/rtc/v1") as response:
        assert response.status == 404
        assert response.headers["Access-Control-Allow-Origin"] == "*"
    status, answer = await server.post("RoomService/MutePublishedTrack", {}, token(room_create=True))
    assert (status, answer["code"]) == (501, "unimplemented")
    assert "RoomService/MutePublishedTrack" in answer["msg"]
    recorded = {"name": "new", "egress": {"room": {"roomName": "new"}}}
    status, answer = await server.post("RoomService/CreateRoom", recorded, token(room_create=True))
    assert (status, answer["code"]) == (501, "unimplemented")
    assert answer["msg"].startswith("egress of rooms: not impl")
